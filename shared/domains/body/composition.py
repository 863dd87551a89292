"""Body composition from a tape: the U.S. Navy equations (Hodgdon and Beckett, 1984), lengths in cm."""

from decimal import Decimal

from shared.domains.profile.events import Sex
from shared.units import rounded

NAVY_MARGIN = Decimal("3.5")
"""How far, in percentage points either way, the truth may lie from the estimate."""


def navy_body_fat(
    sex: Sex, height: Decimal, waist: Decimal, neck: Decimal, hip: Decimal | None = None
) -> Decimal | None:
    """Percent of body weight, rounded to 6; lengths in cm.

    None where the formula says nothing: a waist not larger than the neck, a woman's hip missing, a result that no
    body has.
    """
    girth = waist - neck if sex is Sex.MALE else waist + (hip or 0) - neck
    if waist <= neck or height <= 0 or neck <= 0 or (sex is Sex.FEMALE and not hip):
        return None
    density = _density(sex, girth.log10(), height.log10())
    percent = rounded(495 / density - 450)
    return percent if 0 < percent < 100 else None


def _density(sex: Sex, girth: Decimal, height: Decimal) -> Decimal:
    match sex:
        case Sex.MALE:
            return Decimal("1.0324") - Decimal("0.19077") * girth + Decimal("0.15456") * height
        case Sex.FEMALE:
            return Decimal("1.29579") - Decimal("0.35004") * girth + Decimal("0.22100") * height


def fat_mass(weight_kg: Decimal, body_fat_percent: Decimal) -> Decimal:
    """kg of fat, rounded to 6."""
    return rounded(weight_kg * body_fat_percent / 100)


def lean_mass(weight_kg: Decimal, body_fat_percent: Decimal) -> Decimal:
    """kg of everything else: with the fat mass it adds up to the weight."""
    return weight_kg - fat_mass(weight_kg, body_fat_percent)
