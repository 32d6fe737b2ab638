"""`kurslots token` finds the running system by itself, and says what is wrong when it does not."""

from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from deploy.commands.token import token
from deploy.embedded.home import Home


def run(*arguments: str) -> tuple[int, str]:
    app = typer.Typer()
    app.command()(token)
    result = CliRunner().invoke(app, list(arguments))
    return result.exit_code, result.output


def test_the_system_of_the_folder_is_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = Home(tmp_path)
    home.make()
    home.write_running({"origin": "http://127.0.0.1:1"})
    monkeypatch.setenv("KURSLOTS_HOME", str(tmp_path))
    monkeypatch.delenv("KURSLOTS_ORIGIN", raising=False)
    code, text = run("contact.falun")
    assert code == 1
    assert "http://127.0.0.1:1 does not answer" in text
    assert "kurslots up" in text


def test_an_origin_that_is_named_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KURSLOTS_HOME", str(tmp_path))
    monkeypatch.setenv("KURSLOTS_ORIGIN", "http://127.0.0.1:2")
    assert "http://127.0.0.1:2 does not answer" in run("contact.falun")[1]
    assert "http://127.0.0.1:3 does not answer" in run("contact.falun", "--origin", "http://127.0.0.1:3")[1]
