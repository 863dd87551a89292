"""Strength scores that make lifters of different body weights comparable."""

from decimal import Decimal

from shared.domains.profile.events import Sex
from shared.units import rounded

_COEFFICIENTS = {
    Sex.MALE: ("-0.0000010930", "0.0007391293", "-0.1918759221", "24.0900756", "-307.75076"),
    Sex.FEMALE: ("-0.0000010706", "0.0005158568", "-0.1126655495", "13.6175032", "-57.96288"),
}
_HEAVIEST = {Sex.MALE: 210, Sex.FEMALE: 150}
_LIGHTEST = 40


def dots(sex: Sex, body_weight_kg: Decimal, total_kg: Decimal) -> Decimal:
    """The DOTS score of a total (squat + bench press + deadlift), rounded to 6.

    Body weights outside of the formula's range (40 to 210 kg for men, to 150 kg for women) count as its nearest end.
    """
    weight = min(max(body_weight_kg, Decimal(_LIGHTEST)), Decimal(_HEAVIEST[sex]))
    polynomial = Decimal(0)
    for coefficient in _COEFFICIENTS[sex]:
        polynomial = polynomial * weight + Decimal(coefficient)
    return rounded(500 * total_kg / polynomial)
