"""Amounts in whole öre with their currency. No float ever holds money."""

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

_ORE_PER_KRONA = 100


@dataclass(frozen=True, slots=True, order=True)
class Money:
    """An amount without VAT in the smallest unit of its currency (öre, cent)."""

    ore: int
    currency: str = "SEK"

    @classmethod
    def of_kronor(cls, kronor: Decimal | int, currency: str = "SEK") -> "Money":
        """Return the amount for `kronor`; raises ValueError where it has a fraction of an öre."""
        ore = Decimal(kronor) * _ORE_PER_KRONA
        if ore != ore.to_integral_value():
            raise ValueError(f"{kronor} has a fraction of an öre")
        return cls(int(ore), currency)

    @property
    def kronor(self) -> Decimal:
        """The amount in whole units, exactly."""
        return Decimal(self.ore) / _ORE_PER_KRONA

    def __add__(self, other: "Money") -> "Money":
        return Money(self.ore + self._same(other).ore, self.currency)

    def __sub__(self, other: "Money") -> "Money":
        return Money(self.ore - self._same(other).ore, self.currency)

    def share(self, part: Decimal) -> "Money":
        """Return `part` (0.25 for a quarter) of the amount, rounded half up to whole öre."""
        return Money(int((self.ore * part).to_integral_value(ROUND_HALF_UP)), self.currency)

    def _same(self, other: "Money") -> "Money":
        if other.currency != self.currency:
            raise ValueError(f"{self.currency} and {other.currency} cannot be added")
        return other
