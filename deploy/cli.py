"""`kurslots`: one subcommand for each module of `deploy/commands/`, imported when it is asked for."""

import ast
from importlib import import_module
from pathlib import Path
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

_COMMANDS = Path(__file__).with_name("commands")


class Commands(TyperGroup):
    """Lists commands by their files and reads their help without importing them."""

    def list_commands(self, ctx: object) -> list[str]:
        """Return the names of all commands."""
        del ctx
        return sorted(path.stem.replace("_", "-") for path in _COMMANDS.glob("[a-z]*.py"))

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ANN401 - types of typer's own copy of click
        """Return the command's name and help alone."""
        if cmd_name not in self.list_commands(ctx):
            return None
        source = (_COMMANDS / f"{cmd_name.replace('-', '_')}.py").read_text(encoding="utf-8")
        return TyperCommand(cmd_name, help=(ast.get_docstring(ast.parse(source)) or "").partition("\n")[0])

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[Any, Any, list[str]]:  # noqa: ANN401 - click's own types
        """Return the whole command, which is to be run."""
        name, _, rest = super().resolve_command(ctx, args)
        stem = str(name).replace("-", "_")
        module = import_module(f"deploy.commands.{stem}")
        function = getattr(module, stem)
        alone = typer.Typer(add_completion=False, rich_markup_mode=None)
        alone.command(name, help=function.__doc__ or module.__doc__)(function)
        return name, typer.main.get_command(alone), rest


app = typer.Typer(
    cls=Commands,
    no_args_is_help=True,
    add_completion=False,
    help="Kurslots: courses procured and booked for publicly funded competence projects.",
)


@app.callback()
def _kurslots() -> None:
    pass


def main(*args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - handed on to typer as they came
    """Run the command line."""
    app(*args, **kwargs)
