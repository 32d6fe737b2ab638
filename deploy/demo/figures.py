"""A project's figures as the story counts them: what was there before, and what the story must have added."""

from dataclasses import dataclass

from deploy.demo.client import Cast, StoryError


@dataclass(frozen=True)
class Figures:
    """Persons with a seat, employers joined, minutes booked, attended and signed for, seats, öre contracted."""

    persons: int
    employers: int
    booked_minutes: int
    seats: int
    named: int
    attended_minutes: int
    signed_minutes: int
    contracted_ore: int

    def __add__(self, other: "Figures") -> "Figures":
        return Figures(**{name: value + getattr(other, name) for name, value in vars(self).items()})

    def lines(self, grown: "Figures") -> list[str]:
        """Return the figures in words, with what was added."""
        attended, more_attended = _hours(self.attended_minutes), _hours(grown.attended_minutes)
        signed, more_signed = _hours(self.signed_minutes), _hours(grown.signed_minutes)
        return [
            f"persons {self.persons} (+{grown.persons}), employers {self.employers} (+{grown.employers})",
            f"seats {self.seats} (+{grown.seats}), hours {self.booked_minutes // 60} (+{grown.booked_minutes // 60})",
            f"hours attended {attended} (+{more_attended}), signed for {signed} (+{more_signed})",
            f"contracted {self.contracted_ore // 100} kr (+{grown.contracted_ore // 100})",
        ]


def _hours(minutes: int) -> str:
    return f"{minutes // 60}:{minutes % 60:02}"


async def read_figures(cast: Cast, lead: str, project_id: str) -> Figures:
    """Return the project's figures as its lead reads them."""
    shown = await cast.get(lead, f"/booking/api/v1/projects/{project_id}/figures")
    return Figures(
        persons=shown["persons"]["reached"],
        employers=shown["employers"]["reached"],
        booked_minutes=shown["booked_minutes"],
        seats=shown["seats"]["booked"],
        named=shown["seats"]["named"],
        attended_minutes=shown["attended"]["minutes"],
        signed_minutes=shown["attended"]["signed_minutes"],
        contracted_ore=sum(money["contracted_ore"] for money in shown["money"] if money["currency"] == "SEK"),
    )


def expect_figures(shown: Figures, expected: Figures) -> None:
    """Raise StoryError naming each figure that is other than expected."""
    wrong = [
        f"{name} is {value}, expected {getattr(expected, name)}"
        for name, value in vars(shown).items()
        if value != getattr(expected, name)
    ]
    if wrong:
        raise StoryError("; ".join(wrong))
