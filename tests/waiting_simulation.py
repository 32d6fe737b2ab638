"""Random demand for courses, handed out in four ways: what the waiting list's rules are worth, in figures and a chart.

    python -m tests.waiting_simulation --markdown docs/waiting-list.md

The groups that come, what they answer and what they give back are drawn once for each run, from the seed alone, and are
the same for every way. The same seed gives the same files.
"""

import argparse
import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final
from uuid import UUID

from services.booking.seats.rules import Room, Waiting, in_line, walk

SEED: Final = 20261122
RUNS: Final = 120
CAPACITY: Final = 20
DAYS: Final = 90
STEP: Final = timedelta(hours=12)
OFFER_STEPS: Final = 4  # 48 hours, as a project has it that says nothing else
MOST_PASSES: Final = 3
_NO_LIMIT: Final = 10**9
_BEGINS: Final = datetime(2026, 1, 1, tzinfo=UTC)
_STEPS: Final = DAYS * 2
_SIZES: Final = {1: 35, 2: 22, 3: 15, 4: 10, 5: 8, 6: 5, 8: 5}


@dataclass(frozen=True)
class Leaving:
    """The n-th of a group, or with her the whole of it, gives seats back so many steps after getting them."""

    number: int
    after: int
    whole: bool


@dataclass(frozen=True)
class Group:
    """A group that comes, and all that chance decides of it."""

    number: int
    comes: int
    seats: int
    least: int
    answers_after: int  # steps after an offer; later than the offer lasts is never
    accepts: bool
    leaving: tuple[Leaving, ...]


@dataclass(frozen=True)
class Way:
    """A way of handing out seats."""

    name: str
    most_passes: int
    by_seat: bool = False


WAYS: Final = (
    Way("This list", MOST_PASSES),
    Way("Plain first come", 0),
    Way("Whoever fits", _NO_LIMIT),
    Way("A list of seats", 0, by_seat=True),
)


@dataclass
class Held:
    """Seats that a group has or is offered; `part` is whose it is where each seat is handed out by itself."""

    group: Group
    part: int | None
    seats: int
    since: int
    is_offer: bool


@dataclass
class Outcome:
    """What became of all groups of one way, over all runs."""

    filled: int = 0
    capacity: int = 0
    waits: list[int] = field(default_factory=list)
    served: int = 0
    unserved: int = 0
    split: int = 0
    starved: int = 0

    @property
    def fill(self) -> float:
        """The share of seats that are booked when the runs begin, in percent."""
        return 100 * self.filled / self.capacity

    @property
    def longest(self) -> float:
        """The longest time that a group waited for its offer, in days."""
        return max(self.waits, default=0) / 2

    @property
    def ninth(self) -> float:
        """The time within which nine in ten had their offer, in days."""
        ordered = sorted(self.waits)
        return ordered[int(0.9 * (len(ordered) - 1))] / 2 if ordered else 0.0


def demand(chance: random.Random) -> list[Group]:
    """Return the groups that come to one run, somewhat more than it has seats for."""
    wanted = int(CAPACITY * chance.uniform(1.2, 2.2))
    groups: list[Group] = []
    while sum(group.seats for group in groups) < wanted:
        seats = chance.choices(list(_SIZES), weights=list(_SIZES.values()))[0]
        least = (seats + 1) // 2 if chance.random() < 0.25 else seats
        leaving = [
            Leaving(number, chance.randint(4, _STEPS), whole=number == 0 and chance.random() < 0.5)
            for number in range(seats)
            if chance.random() < 0.3
        ]
        groups.append(
            Group(
                len(groups),
                int(_STEPS * chance.betavariate(1.2, 2.5)),
                seats,
                least,
                chance.randint(0, OFFER_STEPS - 1),
                chance.random() < 0.85,
                tuple(leaving),
            )
        )
    return sorted(groups, key=lambda group: (group.comes, group.number))


class Run:
    """One run from its first day to its beginning, its seats handed out in one way."""

    def __init__(self, way: Way, groups: Sequence[Group]) -> None:
        self.way, self.groups = way, groups
        self.by_number = {group.number: group for group in groups}
        self.free = CAPACITY
        self.held: list[Held] = []
        self.waiting: dict[UUID, Waiting] = {}
        self.passed = dict.fromkeys(range(len(groups)), 0)
        self.offered_at: dict[int, int] = {}
        self.gave_back: set[int] = set()

    def told(self, outcome: Outcome) -> None:
        """Let the time pass, and add what became of everybody."""
        for step in range(_STEPS):
            self._step(step)
        outcome.capacity += CAPACITY
        outcome.filled += sum(held.seats for held in self.held if not held.is_offer)
        for group in self.groups:
            got = sum(held.seats for held in self.held if held.group == group and not held.is_offer)
            if group.number in self.offered_at:
                outcome.served += 1
                outcome.waits.append(self.offered_at[group.number] - group.comes)
            else:
                outcome.unserved += 1
            if 0 < got < group.least and group.number not in self.gave_back:
                outcome.split += 1
            if self.passed[group.number] > MOST_PASSES:
                outcome.starved += 1

    def _step(self, step: int) -> None:
        for held in list(self.held):
            self._answered(held, step)
        for group in self.groups:
            if group.comes == step:
                for part in range(group.seats if self.way.by_seat else 1):
                    self._comes(group, part)
        self._walk(step)

    def _comes(self, group: Group, part: int) -> None:
        key = UUID(int=group.number * 100 + part + 1)
        seats, least = (1, 1) if self.way.by_seat else (group.seats, group.least)
        self.waiting[key] = Waiting(key, key, seats, least, 1, _BEGINS + STEP * group.comes)

    def _answered(self, held: Held, step: int) -> None:
        group, after = held.group, step - held.since
        if held.is_offer and after >= (group.answers_after if group.accepts else OFFER_STEPS):
            if group.accepts:
                held.is_offer, held.since = False, step
            else:
                self._gives_back(held, held.seats)
        elif not held.is_offer:
            for leaving in group.leaving:
                is_hers = leaving.whole or held.part in (None, leaving.number)
                if leaving.after == after and is_hers and held.seats:
                    self.gave_back.add(group.number)
                    self._gives_back(held, held.seats if leaving.whole else 1)

    def _gives_back(self, held: Held, seats: int) -> None:
        held.seats -= seats
        self.free += seats
        if not held.seats:
            self.held.remove(held)

    def _walk(self, step: int) -> None:
        decided = walk(list(self.waiting.values()), Room(self.free, CAPACITY, {}, {}), most_passes=self.way.most_passes)
        line = [entry.id for entry in in_line(self.waiting.values())]
        for offer in decided.offers:
            group = self._group(offer.entry.id)
            before = {self._group(key).number for key in line[: line.index(offer.entry.id)]} - {group.number}
            for number in before & {self._group(key).number for key in self.waiting}:
                self.passed[number] += 1
            del self.waiting[offer.entry.id]
            self.offered_at.setdefault(group.number, step)
            self.free -= offer.seats
            self.held.append(Held(group, self._part(offer.entry.id), offer.seats, step, is_offer=True))
        for key, times in decided.passed.items():
            self.waiting[key] = replace(self.waiting[key], passed=self.waiting[key].passed + times)

    def _group(self, key: UUID) -> Group:
        return self.by_number[(key.int - 1) // 100]

    def _part(self, key: UUID) -> int | None:
        return (key.int - 1) % 100 if self.way.by_seat else None


def simulate(seed: int = SEED, runs: int = RUNS) -> dict[Way, Outcome]:
    """Return what became of the same demand in each way."""
    chance = random.Random(seed)  # noqa: S311 - the same demand for the same seed
    outcomes = {way: Outcome() for way in WAYS}
    for _ in range(runs):
        groups = demand(chance)
        for way, outcome in outcomes.items():
            Run(way, groups).told(outcome)
    return outcomes


def markdown(outcomes: dict[Way, Outcome], *, seed: int, runs: int, chart_name: str) -> str:
    """Return the document."""
    rows = "\n".join(
        f"| {way.name} | {it.fill:.1f} % | {it.ninth:.1f} | {it.longest:.1f} | {it.served} "
        f"| {it.split} | {it.starved} |"
        for way, it in outcomes.items()
    )
    return f"""# What the waiting list is worth

Made by `python -m tests.waiting_simulation --markdown docs/waiting-list.md` from seed {seed}; the same seed gives the
same page. The rules are those of the product itself (`services/booking/seats/rules.py`); the demand is made up.

{runs} runs of {CAPACITY} seats, each open for {DAYS} days before it begins. Groups of 1 to 8 come by chance and want
1.2 to 2.2 times the seats that there are; one in four would come with half of the group. An offer is held for
{OFFER_STEPS * 12} hours, and 85 in 100 are accepted. Seats are given back by chance, one by one or all of a group's.
The same groups come, answer and give back in every way:

- **This list**: groups are not split; one that does not fit is passed at most {MOST_PASSES} times.
- **Plain first come**: groups are not split, and nobody is passed; all wait until the first fits.
- **Whoever fits**: groups are not split, and are passed without limit.
- **A list of seats**: each person waits for herself; a group gets its seats one by one, or some of them.

| way | seats filled | nine in ten wait at most | longest wait | groups offered seats | split | starved |
|---|---|---|---|---|---|---|
{rows}

![Seats filled, longest wait, groups split and groups starved for each way]({chart_name})

*Seats filled*: booked when the run begins. *Wait*: days from joining to the first offer, of those who got one. *Split*:
on the first day some of the group have seats, but fewer than it would come with, and nobody of it gave any back.
*Starved*: later groups were offered seats before it more than {MOST_PASSES} times.

A list of seats fills a run best, and splits groups: half of a team comes, and the rest has to be taught by itself.
To let whoever fits go first fills nearly as well as can be without splitting, and large groups pay for it. Plain first
come is fair to them, and leaves seats empty and everybody waiting behind one large group. This list lets a group be
passed a few times and then keeps seats for it: no group is split, none is starved, and most of the seats that plain
first come loses are filled.
"""


def chart(outcomes: dict[Way, Outcome]) -> str:
    """Return the chart as SVG: a row of bars for each figure."""
    figures: Sequence[tuple[str, Callable[[Outcome], float], str]] = (
        ("Seats filled, %", lambda it: it.fill, ".1f"),
        ("Longest wait, days", lambda it: it.longest, ".1f"),
        ("Groups split", lambda it: it.split, ".0f"),
        ("Groups starved", lambda it: it.starved, ".0f"),
    )
    lines = [
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 720 560" role="img" font-family="sans-serif">',
        "<title>Four ways of handing out seats, compared</title>",
        '<rect width="720" height="560" fill="#ffffff"/>',
    ]
    for row, (name, value, form) in enumerate(figures):
        top = 20 + row * 135
        lines.append(f'<text x="20" y="{top + 12}" font-size="15" font-weight="bold" fill="#1a1a1a">{name}</text>')
        most = max(value(it) for it in outcomes.values()) or 1
        lines += _bars(((way.name, value(it)) for way, it in outcomes.items()), top=top, most=most, form=form)
    return "\n".join([*lines, "</svg>"]) + "\n"


def _bars(values: Iterable[tuple[str, float]], *, top: int, most: float, form: str) -> list[str]:
    lines = []
    for number, (name, value) in enumerate(values):
        y, width = top + 22 + number * 25, 430 * value / most
        colour = "#0b5c8a" if number == 0 else "#7a8a94"
        lines += [
            f'<text x="150" y="{y + 14}" font-size="13" text-anchor="end" fill="#1a1a1a">{name}</text>',
            f'<rect x="160" y="{y}" width="{width:.1f}" height="19" fill="{colour}"/>',
            f'<text x="{168 + width:.1f}" y="{y + 14}" font-size="13" fill="#1a1a1a">{value:{form}}</text>',
        ]
    return lines


def main() -> None:
    """Write the document and its chart."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--markdown", type=Path, required=True, help="where the document goes; the chart beside it")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--runs", type=int, default=RUNS)
    given = parser.parse_args()
    outcomes = simulate(given.seed, given.runs)
    picture = given.markdown.with_suffix(".svg")
    given.markdown.write_text(markdown(outcomes, seed=given.seed, runs=given.runs, chart_name=picture.name))
    picture.write_text(chart(outcomes))
    print(f"Seed {given.seed}: wrote {given.markdown} and {picture}.")  # noqa: T201 - a command's answer


if __name__ == "__main__":
    main()
