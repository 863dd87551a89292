"""What can be, as far as people type it here; an event from elsewhere may say anything. Pure."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from client.wording import amount

_FIRST_BIRTH = date(1900, 1, 1)


class Implausible(Exception):
    """What no gym and no body has seen: most likely a slip of the finger, or another unit."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """The least and the most that are taken; `unit` is that of the values."""

    what: str
    least: int
    most: int
    unit: str

    def check(self, value: Decimal) -> None:
        """Raises Implausible."""
        if not (value.is_finite() and self.least <= value <= self.most):
            said = f"{amount(value)} {self.unit}"
            raise Implausible(
                f"{self.what} of {said} cannot be; from {self.least:,} to {self.most:,} {self.unit} are taken"
            )


LOAD = Bounds("a load", 0, 1_500, "kg")
REPETITIONS = Bounds("a set", 0, 10_000, "repetitions")
BODY_WEIGHT = Bounds("a body weight", 20, 700, "kg")
HEIGHT = Bounds("a height", 50, 272, "cm")
FAT = Bounds("body fat", 1, 80, "percent")


def check_birth(day: date, today: date) -> None:
    """Raises Implausible."""
    if not _FIRST_BIRTH <= day <= today:
        raise Implausible(f"nobody who trains was born on {day}; a day from {_FIRST_BIRTH} to today is taken")
