"""Rules of the house that no linter knows."""

import ast
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
# The edge commits a command, messaging a delivery, the sender an attempt before the provider is called; a migration
# and the forgetting of old answers are nobody's command. A web session begins and ends beside every command.
MAY_COMMIT = {
    "shared/web/edge.py",
    "shared/web/idempotency.py",
    "shared/web/browser/sessions.py",
    "shared/migrations.py",
    "services/notification/notifications/sender.py",
}
REGISTRIES = (("pypi", "org"), ("pythonhosted", "org"), ("maven", "org"), ("npmjs", "org"), ("debian", "org"))
MACHINE_TRACES = re.compile(
    r"(?<![\w.}/])/(?:root|work|home)/\w|" + "|".join(re.escape(".".join(parts)) for parts in REGISTRIES)
)


def tracked(*suffixes: str) -> Iterator[Path]:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, check=True, capture_output=True, text=True).stdout  # noqa: S607 - git is where the reader has it
    for name in listed.splitlines():
        path = ROOT / name
        if name.endswith(suffixes) and path.is_file():
            yield path


def product_code() -> Iterator[tuple[str, ast.Module]]:
    for path in tracked(".py"):
        name = str(path.relative_to(ROOT))
        if name.startswith(("services/", "shared/")) and "/migrations/" not in name:
            yield name, ast.parse(path.read_text())


def calls(tree: ast.AST, method: str) -> Iterator[int]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == method:
            yield node.lineno


def test_only_the_edges_commit() -> None:
    strangers = [
        f"{name}:{line}"
        for name, tree in product_code()
        if name not in MAY_COMMIT and not name.startswith("shared/messaging/")
        for method in ("commit", "begin", "begin_nested")
        for line in calls(tree, method)
    ]
    assert not strangers


def test_business_time_is_asked_of_the_clock() -> None:
    strangers = [
        f"{name}:{line}"
        for name, tree in product_code()
        if name != "shared/kernel/clock.py"
        for method in ("utcnow", "today")
        for line in calls(tree, method)
    ]
    direct = [
        f"{name}:{node.lineno}"
        for name, tree in product_code()
        if name != "shared/kernel/clock.py"
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "now"
        and isinstance(node.func.value, ast.Name)
        and node.func.value.id == "datetime"
    ]
    assert not strangers + direct


def test_rules_do_no_input_or_output() -> None:
    forbidden = (
        "sqlalchemy",
        "sqlmodel",
        "fastapi",
        "faststream",
        "httpx",
        "aiokafka",
        "shared.db",
        "shared.web",
        "shared.messaging",
    )
    strangers = [
        f"{name}: {module}"
        for name, tree in product_code()
        if name.endswith("/rules.py") or name.startswith(("shared/kernel/", "shared/contracts/"))
        for module in imported(tree)
        if module.startswith(forbidden)
    ]
    assert not strangers


def imported(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


def test_no_exception_is_swallowed() -> None:
    silent = [
        f"{path.relative_to(ROOT)}:{handler.lineno}"
        for path in tracked(".py")
        if not str(path.relative_to(ROOT)).startswith("tests/")
        for handler in ast.walk(ast.parse(path.read_text()))
        if isinstance(handler, ast.ExceptHandler)
        and all(
            isinstance(step, ast.Pass) or (isinstance(step, ast.Expr) and isinstance(step.value, ast.Constant))
            for step in handler.body
        )
    ]
    assert not silent


def test_nothing_tells_of_the_machine_it_was_written_on() -> None:
    found = [
        f"{path.relative_to(ROOT)}: {match.group()}"
        for path in tracked("")
        for match in MACHINE_TRACES.finditer(path.read_text(encoding="utf-8", errors="ignore"))
    ]
    assert not found


def test_tests_wait_for_conditions_and_do_not_sleep_blindly() -> None:
    blind = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in tracked(".py")
        if str(path.relative_to(ROOT)).startswith("tests/")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call)
        and ast.unparse(node.func) in {"time.sleep", "asyncio.sleep"}
        and isinstance(seconds := node.args[0], ast.Constant)
        and isinstance(seconds.value, int | float)
        and seconds.value >= 1
    ]
    assert not blind


@pytest.mark.parametrize("word", ["utils", "helpers", "common", "manager"])
def test_no_module_is_named_for_nothing(word: str) -> None:
    assert not [path for path in tracked(".py") if word in {path.stem, path.parent.name}]


def test_connections_are_made_in_one_place_each() -> None:
    """Elsewhere one would be made without TLS or a user and work just as well, until somebody listens."""
    strangers = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in tracked(".py")
        if str(path.relative_to(ROOT)).startswith(("services/", "shared/", "deploy/"))
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and _makes_a_connection(node, str(path.relative_to(ROOT)))
    ]
    assert not strangers


def _makes_a_connection(call: ast.Call, path: str) -> bool:
    function = ast.unparse(call.func)
    if function in {"create_async_engine", "asyncpg.connect", "asyncpg.create_pool"}:
        return path != "shared/db.py"
    if function.startswith("AIOKafka") or function == "LongReadConsumer":
        return not any(keyword.arg is None and "options" in ast.unparse(keyword.value) for keyword in call.keywords)
    return any(keyword.arg == "bootstrap_servers" for keyword in call.keywords)
