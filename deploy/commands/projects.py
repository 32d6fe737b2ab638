"""Show the projects of the running system as a table, as everyone may see them."""

from decimal import Decimal
from typing import Annotated, Any

import httpx
import typer
from rich.console import Console
from rich.table import Table


def projects(
    *,
    origin: Annotated[str, typer.Option(envvar="KURSLOTS_ORIGIN")] = "http://127.0.0.1:8000",
    json: Annotated[bool, typer.Option(help="One JSON document instead of a table.")] = False,
) -> None:
    try:
        found = _all(origin)
    except httpx.ConnectError:
        typer.echo(f"Nothing answers at {origin}. Start the system with `kurslots up`, or say --origin.", err=True)
        raise typer.Exit(1) from None
    console = Console(highlight=False)
    if json:
        console.print_json(data=found)
        return
    table = Table("project", "owner and programme", "period", "targets", "funding", show_lines=True)
    for project in found:
        marked = "\n[cyan]demonstration copy[/]" if project["demonstration"] else ""
        targets = [f"{value} {name}" for name, value in project["targets"].items() if isinstance(value, int)]
        table.add_row(
            f"[bold]{project['name']}[/]\n{project['code']}{marked}",
            f"{project['owner_name']}\n{project['programme']['name']}",
            f"{project['starts_on']} –\n{project['ends_on'] or ''}",
            "\n".join(targets) or "–",
            "\n".join(_funder(funder) for funder in project["funding"]) or "–",
        )
    console.print(table)


def _funder(funder: dict[str, Any]) -> str:
    amount = None if funder["amount_ore"] is None else f"{funder['amount_ore'] // 100:,} kr".replace(",", " ")
    share = None if funder["share"] is None else f"{Decimal(funder['share']) * 100:.0f} %"
    return " ".join(part for part in (funder["name"], amount, share) if part)


def _all(origin: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    with httpx.Client(base_url=f"{origin}/booking/api/v1", timeout=30) as client:
        after = None
        while True:
            page = client.get("/projects", params={"limit": 200, **({"after": after} if after else {})})
            page.raise_for_status()
            found += [
                client.get(f"/projects/{each['project_id']}").raise_for_status().json() for each in page.json()["items"]
            ]
            after = page.json()["next"]
            if not after:
                return found
