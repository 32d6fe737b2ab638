"""`kurslots`: a file in `deploy/commands/` is a command."""

import importlib
import subprocess
import sys
from pathlib import Path

import deploy.commands

_HEAVY = ("sqlalchemy", "fastapi", "faststream", "jgo", "asyncpg")


def _names() -> list[str]:
    return sorted(path.stem for path in Path(deploy.commands.__path__[0]).glob("[a-z]*.py"))


def _kurslots(*arguments: str, also: str = "") -> subprocess.CompletedProcess[str]:
    code = f"import sys\nfrom deploy.cli import main\ntry:\n    main()\nfinally:\n    {also or 'pass'}"
    argv = [sys.executable, "-c", code, *arguments]
    return subprocess.run(argv, capture_output=True, text=True, check=False, timeout=60)


def test_help_lists_every_command_without_importing_what_is_heavy() -> None:
    shown = _kurslots("--help", also=f"print([name for name in {_HEAVY} if name in sys.modules])")
    assert shown.returncode == 0
    assert all(name.replace("_", "-") in shown.stdout for name in _names())
    assert shown.stdout.strip().endswith("[]")


def test_every_command_has_its_function_and_a_line_of_help() -> None:
    for name in _names():
        module = importlib.import_module(f"deploy.commands.{name}")
        assert callable(getattr(module, name)), name
        assert module.__doc__, name


def test_an_unknown_command_is_refused() -> None:
    refused = _kurslots("fly")
    assert refused.returncode == 2
    assert "No such command" in refused.stderr
