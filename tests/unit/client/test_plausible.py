"""What can be, as far as people type it."""

from datetime import date
from decimal import Decimal

import pytest

from client.plausible import HEIGHT, LOAD, Implausible, check_birth

TODAY = date(2026, 11, 22)


def test_what_can_be_is_taken() -> None:
    LOAD.check(Decimal(0))
    LOAD.check(Decimal(1500))
    HEIGHT.check(Decimal("180.5"))
    check_birth(date(1900, 1, 1), TODAY)


@pytest.mark.parametrize("height", ["1.8", "49.99", "273", "NaN", "Infinity"])
def test_what_cannot_be_is_met_with_what_would_be_taken(height: str) -> None:
    with pytest.raises(Implausible, match="from 50 to 272 cm are taken"):
        HEIGHT.check(Decimal(height))


@pytest.mark.parametrize("day", [date(1899, 12, 31), date(2026, 11, 23)])
def test_nobody_is_born_so_early_or_later_than_today(day: date) -> None:
    with pytest.raises(Implausible, match="from 1900-01-01 to today"):
        check_birth(day, TODAY)
