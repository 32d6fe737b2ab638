"""What the story shows as it goes, on a terminal or as one JSON document."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from rich.console import Console
from rich.table import Table

from deploy.demo.client import Sent
from deploy.demo.sinks import Arrived, Expected
from deploy.demo.watch import SeenMessage


@dataclass
class StepReport:
    """One step: what was done, what it caused, and what was found wrong."""

    title: str
    seconds: float = 0.0
    commands: int = 0
    slowest_ms: float = 0.0
    events: list[tuple[str, str, int]] = field(default_factory=list)
    notifications: list[tuple[str, str, float]] = field(default_factory=list)
    seen: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    def note_commands(self, sent: Sequence[Sent]) -> None:
        """Take in the step's commands."""
        self.commands = len(sent)
        self.slowest_ms = round(max((each.seconds for each in sent), default=0.0) * 1000, 1)

    def note_events(self, messages: Sequence[SeenMessage]) -> None:
        """Take in the messages that the step's commands caused."""
        counts = Counter((message.topic, message.type) for message in messages)
        self.events = [(topic, kind, number) for (topic, kind), number in sorted(counts.items())]

    def note_sent(self, arrived: Sequence[Arrived], missing: Sequence[Expected]) -> None:
        """Take in what was sent, and what was not."""
        self.notifications += [(each.expected.channel, each.expected.kind, round(each.seconds, 2)) for each in arrived]
        self.wrong += [f"no {each.channel} “{each.kind}” came to {each.to}" for each in missing]


@dataclass
class StoryReport:
    """The whole story."""

    origin: str
    steps: list[StepReport] = field(default_factory=list)

    @property
    def passed(self) -> bool:
        """Whether every expected effect was there."""
        return bool(self.steps) and not any(step.wrong for step in self.steps)

    def as_dict(self) -> dict[str, Any]:
        """Return the report as JSON values; times from command to notification in seconds."""
        times = sorted(seconds for step in self.steps for _, _, seconds in step.notifications)
        return {
            "origin": self.origin,
            "passed": self.passed,
            "commands": sum(step.commands for step in self.steps),
            "events": sum(number for step in self.steps for _, _, number in step.events),
            "notifications": len(times),
            "median_seconds_to_notification": times[len(times) // 2] if times else None,
            "slowest_seconds_to_notification": times[-1] if times else None,
            "steps": [asdict(step) for step in self.steps],
        }


def print_step(console: Console, number: int, step: StepReport) -> None:
    """Show a step that has been taken."""
    mark = "[red]✗[/]" if step.wrong else "[green]✓[/]"
    commands = f"{step.commands} commands, slowest {step.slowest_ms:.0f} ms" if step.commands else "read only"
    console.print(f"{mark} [bold]{number:2}. {step.title}[/]  [dim]{commands}; {step.seconds:.1f} s[/]")
    for line in step.seen:
        console.print(f"       {line}")
    for topic, kind, count in step.events:
        console.print(f"       [cyan]{topic}[/]  {kind}" + (f"  ×{count}" if count > 1 else ""))
    for (channel, kind), seconds in _by_kind(step).items():
        slowest = f"slowest {max(seconds):.2f} s" if len(seconds) > 1 else f"{seconds[0]:.2f} s"
        console.print(f"       [magenta]{channel}[/]  {kind}  ×{len(seconds)}  [dim]{slowest} after the command[/]")
    for wrong in step.wrong:
        console.print(f"       [red]{wrong}[/]")


def _by_kind(step: StepReport) -> dict[tuple[str, str], list[float]]:
    grouped: dict[tuple[str, str], list[float]] = {}
    for channel, kind, seconds in step.notifications:
        grouped.setdefault((channel, kind), []).append(seconds)
    return grouped


def print_summary(console: Console, report: StoryReport) -> None:
    """Show what it came to."""
    whole = report.as_dict()
    table = Table(
        "commands", "events", "notifications", "command to notification, median", "slowest", title="The story"
    )
    median, slowest = whole["median_seconds_to_notification"], whole["slowest_seconds_to_notification"]
    table.add_row(
        str(whole["commands"]),
        str(whole["events"]),
        str(whole["notifications"]),
        "–" if median is None else f"{median:.2f} s",
        "–" if slowest is None else f"{slowest:.2f} s",
    )
    console.print(table)
    console.print(
        "[green]Every expected effect is there.[/]" if report.passed else "[red]Expected effects are missing.[/]"
    )
