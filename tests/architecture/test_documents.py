"""What is written about the house is what stands there."""

from importlib import import_module
from pathlib import Path

import pytest

from deploy.commands.docs import generated
from shared.contracts.registry import MESSAGES

SERVICES = ("booking", "procurement", "notification")
DOCUMENTS = generated()


@pytest.mark.parametrize("path", [pytest.param(path, id=path.name) for path in DOCUMENTS])
def test_a_generated_document_is_current(path: Path) -> None:
    assert path.exists(), "run `make docs`"
    assert path.read_text() == DOCUMENTS[path], "run `make docs`"


def said(service: str, heading: str) -> set[str]:
    """Return the message classes that a service's docstring names under a heading."""
    lines = str(import_module(f"services.{service}").__doc__).splitlines()
    start = next(number for number, line in enumerate(lines) if line.startswith(heading))
    words = lines[start].removeprefix(heading)
    for line in lines[start + 1 :]:
        if not line.startswith("  "):
            break
        words += " " + line
    known = {message.__name__ for message in MESSAGES.values()}
    return {word.strip(" ,;.") for word in words.split()} & known


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_says_what_it_emits_and_listens_to(service: str) -> None:
    reactions = import_module(f"services.{service}.reactions").REACTIONS
    copies = import_module(f"services.{service}.copies").COPIES
    owned = {message.__name__ for message in MESSAGES.values() if message.topic.owner == service}
    assert said(service, "Emits") == owned
    assert said(service, "Acts on") == {fact.__name__ for fact in reactions.handlers}
    assert said(service, "Copies") == {state.__name__ for state in copies.keepers}


@pytest.mark.parametrize("service", SERVICES)
def test_every_message_is_recorded_somewhere_in_its_owners_code(service: str) -> None:
    folder = Path(str(import_module(f"services.{service}").__file__)).parent
    code = "\n".join(path.read_text() for path in folder.rglob("*.py"))
    silent = [
        message.__name__
        for message in MESSAGES.values()
        if message.topic.owner == service and f"{message.__name__}(" not in code
    ]
    assert not silent
