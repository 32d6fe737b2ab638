"""How much the bench does: everything is bounded in count, and `QUICK=1` asks for just enough to see that it works."""

from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Size:
    """Counts of one turn, and how long it may take. A slow contender does less: what is compared is work per second."""

    rounds: int = 5
    events: int = 20_000
    slow_events: int = 1_000
    messages: int = 10_000
    slow_messages: int = 1_000
    bookings: int = 2_000
    slow_bookings: int = 600
    runs: int = 200
    clients: int = 16
    notifications: int = 300
    per_second: int = 50
    employers: int = 1_538
    requests: int = 100
    page_loads: int = 100
    little_history: int = 10_000
    much_history: int = 3_000_000
    longest_seconds: float = 300.0
    share: int = 1

    def divided(self, share: int) -> "Size":
        """Return a size with counts of a share: slow machines take long, and ratios need no large counts."""
        counts = (
            "events",
            "slow_events",
            "messages",
            "slow_messages",
            "bookings",
            "slow_bookings",
            "notifications",
            "page_loads",
        )
        return replace(self, share=share, **{name: getattr(self, name) // share for name in counts})


FULL = Size()
QUICK = Size(
    rounds=1,
    events=600,
    slow_events=60,
    messages=300,
    slow_messages=60,
    bookings=60,
    slow_bookings=30,
    runs=10,
    clients=4,
    notifications=20,
    employers=5,
    requests=5,
    page_loads=5,
    little_history=500,
    much_history=5_000,
    longest_seconds=40.0,
)
