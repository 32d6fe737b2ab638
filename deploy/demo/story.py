"""The main job, from a company's registration to a run with seats kept for it, step by step.

Each step carries out commands, then waits for what they must cause: events, e-mails, SMS, rows that another service
shows. The story stops at the first step that finds something missing, and says what.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from deploy.demo import bidding, company, purchase, shared_run
from deploy.demo.client import StoryError
from deploy.demo.report import StepReport, StoryReport
from deploy.demo.telling import Telling
from deploy.demo.watch import Watcher

_EVENTS_SECONDS = 3.0

STEPS: Final[tuple[tuple[str, Callable[[Telling, StepReport], Awaitable[None]]], ...]] = (
    ("The project and its figures before", company.look_at_project),
    ("Three companies register; one from Stockholm is let in by its workplace in Falun", company.register),
    ("A company from another county is refused, with the reasons", company.refuse_stranger),
    ("The company maps its needs into a training plan", company.map_needs),
    ("The lead offers a run; the company books 6 seats, 4 named and 2 placeholders", company.book),
    ("A competing booking beyond capacity is refused with the reason", company.compete),
    ("The company asks for training of its own", company.ask),
    ("The officer opens a case with the request and takes advice", purchase.open_case),
    ("Three suppliers are invited to a direct purchase", purchase.invite),
    ("Three sealed bids; reading one before the deadline is refused", bidding.bid),
    ("The deadline passes, and two officers open the bids", bidding.open_bids),
    ("The bids are scored on the stated criteria; the delegate sees them beside each other", bidding.score),
    ("The delegate decides the award with reasons; every bidder is told", bidding.award),
    ("The contract is signed", purchase.contract),
    ("The training is ordered: a run with seats kept for the company", purchase.order),
    ("Companies share a run, which fills; a group of five waits in its queue", shared_run.fill),
    ("Seats are given back: two people are let past, then the five get their offer and accept", shared_run.serve),
    ("The run is moved and turned digital; whoever has booked is asked, and confirms", shared_run.move),
    ("A participant's seat is given to a colleague", shared_run.substitute),
    ("The meeting is held: marked, signed for by code and on paper, corrected and signed anew", shared_run.hold),
    ("Certificates are issued, and checked by their codes", shared_run.prove),
    ("The project's figures agree, and so does a count from the events alone", company.figures),
)


@dataclass
class Story:
    """A telling that is watched and written down."""

    telling: Telling
    watcher: Watcher
    show: Callable[[int, StepReport], None]
    report: StoryReport
    steps: int = len(STEPS)
    """How many of the steps are told: fewer leave everything in the middle of the work."""

    async def tell(self) -> StoryReport:
        """Tell the story and return what came of it."""
        await self.telling.sinks.begin()
        for title, step in STEPS[: self.steps]:
            done = StepReport(title)
            self.report.steps.append(done)
            begun, first = time.monotonic(), len(self.telling.cast.sent)
            try:
                await step(self.telling, done)
            except StoryError as error:
                done.wrong.append(str(error))
            except LookupError as error:
                done.wrong.append(f"an answer lacks what the story reads: {error!r}")
            done.seconds = round(time.monotonic() - begun, 2)
            sent = self.telling.cast.sent[first:]
            done.note_commands(sent)
            await self._note_events(done, [each.trace for each in sent if each.status < 400])  # noqa: PLR2004 - a status of HTTP
            self.show(len(self.report.steps), done)
            if done.wrong:
                break
        return self.report

    async def _note_events(self, step: StepReport, traces: list[str]) -> None:
        """Take in what the commands caused; after the last message is there, or a moment has passed."""
        deadline = time.monotonic() + (_EVENTS_SECONDS if traces else 0)
        seen = self.watcher.of(traces)
        while time.monotonic() < deadline and not {message.trace for message in seen}.issuperset(traces):
            await asyncio.sleep(0.1)
            seen = self.watcher.of(traces)
        step.note_events(seen)
