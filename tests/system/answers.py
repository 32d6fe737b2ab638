"""Every GET of the three services' API that can be about a purchase, as every kind of person reads it."""

import asyncio
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from itertools import product
from typing import Any

from deploy.demo.client import Cast
from deploy.embedded.environment import SERVICES
from tests.system.purchase import BIDDERS, ONLOOKER, Place, Purchase
from tests.system.visible import Visible, Words

CASE_OFFICERS = ("officer.dalarna", "opener.dalarna")
NEIGHBOURS = (
    *("delegate.dalarna", "lead.dalarna", "coach.dalarna", "contact.falun", "operator", "officer.kronoberg"),
    ONLOOKER,
)
OTHERS = (*NEIGHBOURS, "contact.borlange", "trainer.dalarna", "participant.one")
# Things that a purchase before its award does not have, or that are no part of one.
NOT_OF_A_PURCHASE = frozenset(
    {
        "attendance_id",
        "booking_id",
        "calendar_token",
        "certificate_id",
        "code",
        "contract_id",
        "entry_id",
        "meeting_id",
        "notification_id",
        "outside_course_id",
    }
    | {"plan_id", "run_id"}
)
_AT_ONCE = 6


class Reader:
    """Reads as everybody. What belongs to the purchase alone is told apart from what is shared by all purchases."""

    def __init__(self, cast: Cast, place: Place, templates: Mapping[str, bool]) -> None:
        self._cast = cast
        self._place = place
        self._paged = dict(templates)
        self._turns = asyncio.Semaphore(_AT_ONCE)

    @classmethod
    async def of(cls, cast: Cast, place: Place) -> "Reader":
        """Return a reader that knows every GET of the published API documents."""
        templates: dict[str, bool] = {}
        for service in SERVICES:
            document = (await cast.http.get(f"/{service}/api/v1/openapi.json")).raise_for_status().json()
            for path, operations in document["paths"].items():
                if "get" in operations:
                    asked = {each["name"] for each in operations["get"].get("parameters", ())}
                    templates[path] = "limit" in asked
        return cls(cast, place, templates)

    def unread(self, purchase: Purchase) -> set[str]:
        """Return the path parameters for which nothing is known to read."""
        return {name for template in self._paged for name in _names(template)} - self._values(purchase).keys()

    async def read_own(self, purchase: Purchase, people: Iterable[str], words: Words) -> Visible:
        """Return what people are answered about the purchase's own things, by person and route."""
        own = {"case_id", "lot_id", "procedure_id", "request_id"}
        templates = [template for template in self._paged if own & _names(template)]
        return await self._read(templates, purchase, people, words)

    async def read_shared(self, purchase: Purchase, people: Iterable[str], words: Words) -> Visible:
        """Return what people are answered about everything around it: lists, figures, notifications, themselves."""
        own = {"case_id", "lot_id", "procedure_id", "request_id"}
        templates = [template for template in self._paged if not own & _names(template)]
        return await self._read(templates, purchase, people, words)

    async def _read(self, templates: Iterable[str], purchase: Purchase, people: Iterable[str], words: Words) -> Visible:
        values = self._values(purchase)
        asked = []
        for template in templates:
            names = sorted(_names(template))
            if set(names) <= values.keys():
                for chosen in product(*(values[name] for name in names)):
                    path = template.format_map(dict(zip(names, chosen, strict=True)))
                    asked += [(person, path, self._paged[template]) for person in people]
        answers = await asyncio.gather(*(self._ask(*each) for each in asked))
        visible: Visible = {}
        for (person, path, _), (status, body) in zip(asked, answers, strict=True):
            source = visible.setdefault(f"answer to {person}: {words.plain(path)}", Counter())
            source.update(words.plain_json([status, part]) for part in _parts(body))
        return visible

    def _values(self, purchase: Purchase) -> dict[str, list[str]]:
        suppliers = self._place.suppliers
        return {
            "project_id": [self._place.project_id],
            "buyer_id": [self._place.buyer_id],
            "employer_id": [self._place.employer_id],
            "person_id": [self._place.person_id],
            "supplier_id": [suppliers[ONLOOKER], suppliers[BIDDERS[0]]],
            "request_id": [purchase.request_id],
            "case_id": [purchase.case_id],
            "lot_id": [purchase.lot_id],
            "procedure_id": [purchase.procedure_id],
        }

    async def _ask(self, person: str, path: str, paged: bool) -> tuple[int, Any]:  # noqa: FBT001 - of a tuple
        """Return status and body; of a list all pages as one."""
        headers = await self._cast._signed(person)
        query = {"limit": "200"} if paged else {}
        items: list[Any] = []
        while True:
            async with self._turns:
                answer = await self._cast.http.get(path, params=query, headers=headers)
            body = answer.json()
            if not paged or not answer.is_success:
                return answer.status_code, body
            items += body["items"]
            if body["next"] is None:
                return answer.status_code, {**body, "items": items}
            query["after"] = body["next"]


def changed(before: Visible, after: Visible) -> Visible:
    """Return which answers, or parts of them, came and went between two readings."""
    visible: Visible = {}
    for source in {*before, *after}:
        old, new = before.get(source, Counter()), after.get(source, Counter())
        lines = Counter({f"new {line}": number for line, number in (new - old).items()})
        lines.update({f"gone {line}": number for line, number in (old - new).items()})
        if lines:
            visible[source] = lines
    return visible


def _names(template: str) -> set[str]:
    return set(re.findall(r"\{(\w+)\}", template))


def _parts(body: Any) -> list[Any]:  # noqa: ANN401 - JSON
    """Take a page apart into its items, so that two readings can be compared item by item."""
    if isinstance(body, Mapping) and isinstance(body.get("items"), list):
        return [*body["items"], {name: value for name, value in body.items() if name != "items"}]
    if isinstance(body, Mapping):
        return [{name: value for name, value in body.items() if name != "instance"}]
    return [body]
