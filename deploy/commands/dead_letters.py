"""List the messages that were set aside and the keys that the broker refuses; replay, discard or release one.

A replay is done by the service's worker, in the order of the key. Who settled a message, and why, stays with it.
"""

import json as to_json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from deploy.embedded.environment import SERVICES

if TYPE_CHECKING:
    from sqlmodel.ext.asyncio.session import AsyncSession

    from shared.messaging.dead_letters import DeadLetter, Decision, StoppedKey

_MOST = 1000
_CELLS = ("id", "topic", "type", "key", "standing", "cause", "age", "tries", "followers")
_DECISION_CELLS = ("decided_at", "action", "by", "reason", "id", "topic", "key", "cause", "outcome")


def dead_letters(
    service: Annotated[str | None, typer.Argument(help=f"One of {', '.join(SERVICES)}; all when left out.")] = None,
    *,
    replay: Annotated[int | None, typer.Option(metavar="ID", help="Have the worker try a message again.")] = None,
    discard: Annotated[int | None, typer.Option(metavar="ID", help="Give a message up; needs --reason.")] = None,
    release: Annotated[
        tuple[str, str] | None,
        typer.Option(
            metavar="TOPIC KEY", help="Let the relay try a key again that the broker refused; needs --reason."
        ),
    ] = None,
    reason: Annotated[str, typer.Option(help="Why. It is kept for years: name nobody in it.")] = "",
    decisions: Annotated[
        bool, typer.Option("--decisions", help="List what was decided instead, newest first.")
    ] = False,
    by: Annotated[str, typer.Option(help="Who decides; your system user name when left out.")] = "",
    json: Annotated[bool, typer.Option(help="One JSON document instead of tables.")] = False,
) -> None:
    import asyncio
    import getpass

    from shared.kernel.errors import KurslotsError

    if service is not None and service not in SERVICES:
        raise typer.BadParameter(f"{service} is none of {', '.join(SERVICES)}")
    asked = [each for each in (replay, discard, release) if each is not None]
    if not asked:
        found = asyncio.run(_list([service] if service else SERVICES, decisions=decisions))
        shown = _print_decisions if decisions else _print
        typer.echo(to_json.dumps(found, indent=2)) if json else shown(found)
        return
    if service is None or len(asked) > 1:
        raise typer.BadParameter("Name the service, and one of --replay, --discard and --release")
    if replay is None and not reason.strip():
        raise typer.BadParameter("Say why with --reason: it is kept, and whoever comes after must understand it")
    who = by.strip() or getpass.getuser()
    wish = Wish(replay, discard, release, reason.strip(), who)
    try:
        said = asyncio.run(_act(service, wish))
    except KurslotsError as error:
        typer.echo(str(error.text), err=True)
        raise typer.Exit(1) from error
    done = {"service": service, "done": said, "by": who, "reason": wish.reason}
    typer.echo(to_json.dumps(done) if json else f"{service}: {said}")


@dataclass(frozen=True)
class Wish:
    """What is asked for: one of replay, discard and release."""

    replay: int | None
    discard: int | None
    release: tuple[str, str] | None
    reason: str
    who: str


async def _act(service: str, wish: Wish) -> str:
    from deploy.messaging import open_service_database, running_settings

    running_settings()
    database = open_service_database(service)
    try:
        async with database.sessions() as session, session.begin():
            return await _settle(session, wish)
    finally:
        await database.close()


async def _settle(session: "AsyncSession", wish: Wish) -> str:
    from uuid import UUID

    from shared.messaging import dead_letters as letters

    by = letters.Decider(name=wish.who)
    if wish.replay is not None:
        await letters.ask_replay(session, wish.replay, by=by, reason=wish.reason)
        return f"{wish.replay} is tried again by the worker, and after it what waits behind it"
    if wish.discard is not None:
        await letters.discard(session, wish.discard, by=by, reason=wish.reason)
        return f"{wish.discard} is given up; what waits behind it is tried"
    assert wish.release is not None
    topic, key = wish.release
    try:
        stopped = UUID(key)
    except ValueError as error:
        raise typer.BadParameter(f"{key} is no key") from error
    await letters.release_key(session, topic, stopped, by=by, reason=wish.reason)
    return f"{key} of {topic} is tried again by the relay"


async def _list(services: Sequence[str], *, decisions: bool) -> dict[str, Any]:
    from deploy.messaging import open_service_database, running_settings
    from shared.messaging import dead_letters as letters

    running_settings()
    found: dict[str, Any] = {}
    for service in services:
        database = open_service_database(service)
        try:
            async with database.sessions() as session:
                if decisions:
                    found[service] = [_decision(each) for each in await letters.list_decisions(session, limit=_MOST)]
                    continue
                found[service] = {
                    "dead_letters": [_letter(each) for each in await letters.list_dead_letters(session, limit=_MOST)],
                    "stopped_keys": [_stopped(each) for each in await letters.list_stopped_keys(session)],
                }
        finally:
            await database.close()
    return found


def _letter(letter: "DeadLetter") -> dict[str, Any]:
    return {
        "id": letter.id,
        "consumer": letter.consumer,
        "topic": letter.topic,
        "type": letter.type,
        "key": letter.key,
        "standing": letter.standing,
        "cause": letter.cause,
        "age_seconds": _seconds_since(letter.parked_at),
        "tries": letter.tries,
        "followers": letter.followers,
        "retry_at": letter.retry_at.isoformat() if letter.retry_at else None,
    }


def _stopped(stopped: "StoppedKey") -> dict[str, Any]:
    return {
        "topic": stopped.topic,
        "key": str(stopped.key),
        "cause": stopped.cause,
        "age_seconds": _seconds_since(stopped.stopped_at),
        "waiting": stopped.waiting,
    }


def _decision(decision: "Decision") -> dict[str, Any]:
    return {
        "decided_at": decision.decided_at.isoformat(timespec="seconds"),
        "action": decision.action,
        "by": decision.actor_name or str(decision.actor_id),
        "reason": decision.reason,
        "id": decision.letter_id,
        "topic": decision.topic,
        "type": decision.type,
        "key": decision.key,
        "cause": decision.cause,
        "outcome": decision.outcome,
    }


def _seconds_since(instant: datetime) -> int:
    from shared.kernel.clock import machine_now

    return round((machine_now() - instant).total_seconds())


def _print(found: dict[str, Any]) -> None:
    from rich.console import Console
    from rich.table import Table

    console = Console(highlight=False)
    aside = Table("service", *_CELLS, title="messages set aside")
    stopped = Table("service", "topic", "key", "cause", "age", "rows waiting", title="keys the broker refuses")
    for service, each in found.items():
        for row in each["dead_letters"]:
            shown = {**row, "age": _age(row["age_seconds"]), "type": row["type"] or "?"}
            aside.add_row(service, *(str(shown[cell]) for cell in _CELLS))
        for row in each["stopped_keys"]:
            stopped.add_row(
                service, row["topic"], row["key"], row["cause"], _age(row["age_seconds"]), str(row["waiting"])
            )
    for table in (aside, stopped):
        if table.row_count:
            console.print(table)
        else:
            console.print(f"No {table.title}.")


def _print_decisions(found: dict[str, Any]) -> None:
    from rich.console import Console
    from rich.table import Table

    console = Console(highlight=False)
    decided = Table("service", *_DECISION_CELLS, title="what was decided")
    for service, rows in found.items():
        for row in rows:
            decided.add_row(service, *("" if row[cell] is None else str(row[cell]) for cell in _DECISION_CELLS))
    console.print(decided if decided.row_count else "Nothing was decided.")


def _age(seconds: int) -> str:
    for unit, length in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= length:
            return f"{seconds // length} {unit}"
    return f"{seconds} s"
