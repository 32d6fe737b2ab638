"""Every page that there is and who looks at it: those of the route tables with something to show, and the origin's."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from shared.kernel.ids import new_id
from shared.kernel.roles import Role
from shared.web.exchange import RouteFacts
from tests.browser.portal import Portal

_PERSON_OF: Final[Mapping[Role, str]] = {
    Role.OPERATOR: "operator",
    Role.CONTACT: "contact.falun",
    Role.COACH: "coach.dalarna",
    Role.PROJECT_LEAD: "lead.dalarna",
    Role.PROCUREMENT_OFFICER: "officer.dalarna",
    Role.AWARD_DELEGATE: "delegate.dalarna",
    Role.SUPPLIER: "supplier.one",
    Role.TRAINER: "trainer.dalarna",
    Role.PARTICIPANT: "participant.one",
}
# these lead the browser on and show nothing themselves
_LEAD_ON: Final = frozenset({"sign_in"})
_FAILS: Final[Mapping[str, int]] = {"finish_sign_in": 400}


@dataclass(frozen=True)
class Place:
    """An address, who goes there (None: nobody signed in), and how it is answered."""

    address: str
    service: str | None = None
    sub: str | None = None
    status: int = 200


OF_THE_ORIGIN: Final = (Place("/"), Place("/sent"))
GONE_WRONG: Final = (Place("/booking/nowhere", status=404), Place("/procurement/?nonsense=1", status=422))


def places_of(portal: Portal, known: Mapping[str, str]) -> list[Place]:
    """Return every place; raises KeyError for a page with something in its path of which none is `known`.

    A page that every service has is one function, and is looked at in one of them.
    """
    shown = {endpoint: facts for endpoint, facts in portal.pages().items() if facts.name not in _LEAD_ON}
    return [*OF_THE_ORIGIN, *GONE_WRONG, *(_place(facts, known) for facts in shown.values())]


def _place(facts: RouteFacts, known: Mapping[str, str]) -> Place:
    service = facts.template.split("/")[1]
    sub = None
    if facts.permit.roles:
        sub = _PERSON_OF[next(role for role in _PERSON_OF if role in facts.permit.roles)]
    address = facts.template.format(**{name: known[name] for name in facts.path_names})
    return Place(address, service, sub, _FAILS.get(facts.name, 200))


async def set_things_aside(portal: Portal) -> dict[str, str]:
    """Put something that waits for an operator into every service, and return what stands in the pages' paths."""
    key = str(new_id())
    for service in portal.apps:
        async with portal.parts(service).database.engine.begin() as connection:
            for statement in _SET_ASIDE:
                await connection.exec_driver_sql(statement.format(key=key, message=new_id(), person=new_id()))
    return {"letter_id": "1", "topic": "booking.bookings", "key": key}


_SET_ASIDE: Final = (
    "INSERT INTO parked_keys (consumer, topic, key) VALUES ('effects', 'booking.bookings', '{key}')",
    """INSERT INTO dead_letters
       (consumer, topic, partition, "offset", key, message_id, type, standing, cause, stack, tries)
       VALUES ('effects', 'booking.bookings', 0, 1, '{key}', '{message}', 'booking.changed.v1', 'failed',
               'ValueError in on_booking_changed', 'on_booking_changed, line 88', 5)""",
    """INSERT INTO dead_letters
       (consumer, topic, partition, "offset", key, message_id, type, standing, cause, tries)
       VALUES ('effects', 'booking.bookings', 0, 2, '{key}', '{person}', 'booking.cancelled.v1', 'follower',
               'waits', 0)""",
    """INSERT INTO stopped_keys (topic, key, outbox_id, cause)
       VALUES ('booking.bookings', '{key}', 1, 'MessageSizeTooLargeError')""",
    "INSERT INTO halted_consumers (worker, consumer, cause) VALUES ('machine/1', 'effects', '60 of 100 messages died')",
    """INSERT INTO message_decisions (action, actor_name, reason, letter_id, consumer, topic, key, type, cause)
       VALUES ('discard', 'root', 'It was sent twice by the old system', 7, 'effects', 'booking.runs', '{key}',
               'run.changed.v1', 'KeyError')""",
)
