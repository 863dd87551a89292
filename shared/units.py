"""Units: everything is stored in kg and cm; what was entered is converted once, in decimal arithmetic."""

from decimal import ROUND_HALF_EVEN, Decimal

from shared.values import MICRO

KG_PER_LB = Decimal("0.45359237")
CM_PER_INCH = Decimal("2.54")
METRES_PER_MILE = Decimal("1609.344")


def rounded(value: Decimal) -> Decimal:
    """A derived value as it is stored and compared: half-even to 6 decimals."""
    return value.quantize(MICRO, ROUND_HALF_EVEN)


def pounds_to_kilograms(pounds: Decimal) -> Decimal:
    """kg, rounded to 6 decimals."""
    return rounded(pounds * KG_PER_LB)


def inches_to_centimetres(inches: Decimal) -> Decimal:
    """cm, rounded to 6 decimals."""
    return rounded(inches * CM_PER_INCH)
