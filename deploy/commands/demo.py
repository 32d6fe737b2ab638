"""Tell the main job as a story against the running system, or one started for it, and check every effect."""

import json as to_json
from typing import Annotated

import typer


def demo(
    *,
    origin: Annotated[str | None, typer.Option(envvar="KURSLOTS_ORIGIN", help="Address of the running system.")] = None,
    json: Annotated[bool, typer.Option("--json", help="One JSON document instead of the telling.")] = False,
    steps: Annotated[int | None, typer.Option(min=1, help="Tell the first steps alone, and leave the rest.")] = None,
    patience: Annotated[int, typer.Option(min=1, max=1200, help="Seconds to wait for an expected effect.")] = 60,
) -> None:
    import asyncio

    from rich.console import Console

    from deploy.demo.report import print_step, print_summary
    from deploy.demo.stage import NoStageError, tell_story

    console = Console(highlight=False, stderr=json)
    try:
        report = asyncio.run(
            tell_story(
                origin=origin,
                patience_seconds=patience,
                say=console.print,
                show=lambda number, step: print_step(console, number, step),
                steps=steps,
            )
        )
    except NoStageError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None
    if json:
        typer.echo(to_json.dumps(report.as_dict(), indent=2, ensure_ascii=False))
    else:
        print_summary(console, report)
    raise typer.Exit(0 if report.passed else 1)
