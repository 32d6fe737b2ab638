"""A project's figures as the story counts them: what was there before, and what the story must have added."""

from dataclasses import dataclass

from deploy.demo.client import Cast, StoryError


@dataclass(frozen=True)
class Figures:
    """Persons with a seat, employers joined, booked minutes, seats and named seats, öre contracted."""

    persons: int
    employers: int
    booked_minutes: int
    seats: int
    named: int
    contracted_ore: int

    def __add__(self, other: "Figures") -> "Figures":
        return Figures(**{name: value + getattr(other, name) for name, value in vars(self).items()})

    def lines(self, grown: "Figures") -> list[str]:
        """Return the figures in words, with what was added."""
        return [
            f"persons {self.persons} (+{grown.persons}), employers {self.employers} (+{grown.employers})",
            f"seats {self.seats} (+{grown.seats}), hours {self.booked_minutes // 60} (+{grown.booked_minutes // 60})",
            f"contracted {self.contracted_ore // 100} kr (+{grown.contracted_ore // 100})",
        ]


async def read_figures(cast: Cast, lead: str, project_id: str) -> Figures:
    """Return the project's figures as its lead reads them."""
    shown = await cast.get(lead, f"/booking/api/v1/projects/{project_id}/figures")
    return Figures(
        persons=shown["persons"]["reached"],
        employers=shown["employers"]["reached"],
        booked_minutes=shown["booked_minutes"],
        seats=shown["seats"]["booked"],
        named=shown["seats"]["named"],
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
