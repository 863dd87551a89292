"""Body composition and strength scores against published values."""

from decimal import Decimal

import pytest

from shared.domains.body.composition import fat_mass, lean_mass, navy_body_fat
from shared.domains.profile.events import Sex
from shared.domains.profile.scores import dots
from shared.units import inches_to_centimetres

D = Decimal


def test_navy_golden_values() -> None:
    assert round(navy_body_fat(Sex.MALE, D(180), D(85), D(38)) or 0, 4) == D("16.1066")
    assert round(navy_body_fat(Sex.FEMALE, D(165), D(70), D(32), D(95)) or 0, 4) == D("24.8562")


def test_inches_must_be_converted_first() -> None:
    height, waist, neck = (inches_to_centimetres(D(inches)) for inches in ("71", "40", "16"))

    assert round(navy_body_fat(Sex.MALE, height, waist, neck) or 0, 4) == D("25.7015")
    assert round(navy_body_fat(Sex.MALE, D(71), D(40), D(16)) or 0, 4) == D("19.0931")


@pytest.mark.parametrize(
    ("sex", "height", "waist", "neck", "hip"),
    [
        (Sex.MALE, 180, 38, 38, None),
        (Sex.MALE, 180, 30, 38, 95),
        (Sex.FEMALE, 165, 70, 32, None),
        (Sex.FEMALE, 165, 30, 32, 95),
        (Sex.MALE, 0, 85, 38, None),
        (Sex.MALE, 180, 38.001, 38, None),
    ],
)
def test_where_the_tape_says_nothing(sex: Sex, height: int, waist: float, neck: int, hip: int | None) -> None:
    assert navy_body_fat(sex, D(height), D(str(waist)), D(neck), D(hip) if hip else None) is None


def test_fat_and_lean_mass_add_up() -> None:
    assert fat_mass(D("80.3"), D("16.106612")) == D("12.933609")
    assert fat_mass(D("80.3"), D("16.106612")) + lean_mass(D("80.3"), D("16.106612")) == D("80.3")


def test_dots_golden_values() -> None:
    assert round(dots(Sex.MALE, D(100), D(600)), 3) == D("369.309")
    assert round(dots(Sex.FEMALE, D(60), D(300)), 3) == D("332.564")


def test_dots_counts_body_weights_out_of_range_as_its_ends() -> None:
    assert dots(Sex.MALE, D(30), D(300)) == dots(Sex.MALE, D(40), D(300))
    assert dots(Sex.MALE, D(250), D(900)) == dots(Sex.MALE, D(210), D(900))
    assert dots(Sex.FEMALE, D(200), D(500)) == dots(Sex.FEMALE, D(150), D(500))
