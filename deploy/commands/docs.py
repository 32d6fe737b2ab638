"""Write what the code says of itself, for people into `docs/` and ARCHITECTURE.md, for Kafka into `deploy/kafka/`."""

import pkgutil
from importlib import import_module
from pathlib import Path
from typing import Annotated

import typer

_ROOT = Path(__file__).parents[2]
_SERVICES = ("booking", "procurement", "notification")
_BEGIN, _END = "<!-- events:begin -->\n", "<!-- events:end -->\n"


def docs(
    *, check: Annotated[bool, typer.Option("--check", help="Only say whether the documents are current.")] = False
) -> None:
    stale = {
        path: content
        for path, content in generated().items()
        if not path.exists() or path.read_text(encoding="utf-8") != content
    }
    for path, content in stale.items():
        name = path.relative_to(_ROOT)
        if check:
            typer.echo(f"{name} is not current; run `make docs`.", err=True)
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")
        typer.echo(f"Wrote {name}.")
    if check and stale:
        raise typer.Exit(1)
    if not stale:
        typer.echo("Every document is current.")


def generated() -> dict[Path, str]:
    """Return every generated document with what it should hold."""
    from deploy.permissions import FILE, described

    architecture = _ROOT / "ARCHITECTURE.md"
    before, _, rest = architecture.read_text().partition(_BEGIN)
    return {
        **{_ROOT / "docs" / "asyncapi" / f"{service}.json": _asyncapi(service) for service in _SERVICES},
        FILE: described(),
        _ROOT / "docs" / "states.md": _states(),
        _ROOT / "docs" / "authorisation.md": _permits(),
        architecture: before + _BEGIN + _events() + _END + rest.partition(_END)[2],
    }


def _asyncapi(service: str) -> str:
    import json

    from shared.messaging.asyncapi import asyncapi_document

    reactions = import_module(f"services.{service}.reactions").REACTIONS
    copies = import_module(f"services.{service}.copies").COPIES
    return json.dumps(asyncapi_document(service, reactions, copies), indent=1, ensure_ascii=False) + "\n"


def _states() -> str:
    from shared.kernel.states import Moves

    parts = ["# State machines\n\nMade by `make docs` from each area's `rules.py`. Do not edit.\n"]
    for service in _SERVICES:
        package = import_module(f"services.{service}")
        for module in pkgutil.walk_packages(package.__path__, f"services.{service}."):
            if not module.name.endswith(".rules"):
                continue
            machines = [value for value in vars(import_module(module.name)).values() if isinstance(value, Moves)]
            for machine in machines:
                area = module.name.split(".")[-2]
                title = f"## {service.title()}, {area}: {machine.name.replace('_', ' ')}\n"
                parts.append(f"{title}\n```mermaid\n{machine.mermaid()}```\n")
    return "\n".join(parts)


def _permits() -> str:
    from shared.web.authorisation import describe_permits
    from shared.web.browser.pages import PERMITS as SIGN_IN
    from shared.web.pages.shell import PERMITS as SHELL

    heading = (
        "# Who may do what\n\nMade by `make docs` from each service's `authorisation.py`. Do not edit.\n\n"
        "A role counts for the project, employer, buyer or supplier that it is held for; for anything else the answer\n"
        "is “not found”.\n"
    )
    parts = [heading]
    for service in _SERVICES:
        module = import_module(f"services.{service}.authorisation")
        parts.append(f"## {service.title()}\n\n{describe_permits(module.PERMITS)}")
        parts.append(f"### Pages of {service}\n\n{describe_permits(module.PAGE_PERMITS)}")
    parts.append(f"## Pages of every service\n\n{describe_permits({**SHELL, **SIGN_IN})}")
    return "\n".join(parts)


def _events() -> str:
    from shared.contracts.registry import messages_on
    from shared.contracts.topics import TOPICS

    rows = ["| topic | message | who acts on it or keeps a copy |", "|---|---|---|"]
    for topic in TOPICS:
        for message in messages_on(topic):
            readers = []
            for service in _SERVICES:
                if message in import_module(f"services.{service}.reactions").REACTIONS.handlers:
                    readers.append(f"{service} (acts)")
                if message in import_module(f"services.{service}.copies").COPIES.keepers:
                    readers.append(f"{service} (copy)")
            rows.append(f"| `{topic.name}` | `{message.type_name}` | {', '.join(readers) or 'nobody yet'} |")
    return "\n".join(rows) + "\n"
