"""What the checker has found of one drill, in sentences and in numbers."""

from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass
class Report:
    """What was found of one drill. Nothing may be in the lists; `repeats` on the wire are allowed, and deduplicated."""

    commands: int = 0
    acknowledged: int = 0
    refused: int = 0
    gave_up: int = 0
    facts: int = 0
    repeats: int = 0
    notifications: int = 0
    unknown: int = 0
    lost: list[str] = field(default_factory=list)
    double: list[str] = field(default_factory=list)
    out_of_order: list[str] = field(default_factory=list)
    oversold: list[str] = field(default_factory=list)
    late: list[str] = field(default_factory=list)
    longest_stall: float | None = None
    recovery: float | None = None

    @property
    def is_clean(self) -> bool:
        """Whether nothing is wrong."""
        return not (self.lost or self.double or self.out_of_order or self.oversold or self.late)

    def findings(self, most: int = 5) -> list[str]:
        """Return the first few sentences of each kind."""
        return [
            f"{kind}: {sentence}"
            for kind in ("lost", "double", "out_of_order", "oversold", "late")
            for sentence in getattr(self, kind)[:most]
        ]

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)
