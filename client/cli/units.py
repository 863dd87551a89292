"""Weights and lengths as whoever trains types and reads them; all are stored in kg and cm."""

from dataclasses import dataclass
from decimal import Decimal

from client.cli.opening import Log
from client.wording import amount
from shared.domains.profile.events import UnitSystem
from shared.units import CM_PER_INCH, KG_PER_LB

_IMPERIAL = {"kg": ("lb", KG_PER_LB), "cm": ("in", CM_PER_INCH)}


@dataclass(frozen=True, slots=True)
class ShownIn:
    """The units of a system. `stored` is the unit of a value as it is kept; what is no weight or length stays."""

    imperial: bool

    def unit(self, stored: str) -> str:
        return _IMPERIAL[stored][0] if self.imperial and stored in _IMPERIAL else stored

    def value(self, value: Decimal, stored: str) -> Decimal:
        return value / _IMPERIAL[stored][1] if self.imperial and stored in _IMPERIAL else value

    def number(self, value: Decimal | None, stored: str, places: int = 2) -> str:
        return "" if value is None else amount(self.value(value, stored), places)

    def quantity(self, value: Decimal, stored: str, places: int = 2) -> str:
        """The number with its unit: `225 lb`."""
        return f"{self.number(value, stored, places)} {self.unit(stored)}"


def shown_in(log: Log) -> ShownIn:
    """The profile's units."""
    return ShownIn(log.projection.profile.unit_system is UnitSystem.IMPERIAL)
