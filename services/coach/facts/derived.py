"""Numbers that plans derive from one set or one weighing, by fixed formulas."""

from decimal import ROUND_DOWN, Decimal

from shared.domains.workouts.events import LoadBasis
from shared.units import rounded
from shared.views.measurements import MeasurementRow
from shared.views.sets import SetRow

PLATE = Decimal("2.5")
RESERVE = 2
MOST_OVER_DONE = Decimal("1.05")
# kcal, and grams of protein and fat, a day for each kg of body weight.
KCAL = {"lose": Decimal(26), "maintain": Decimal(31), "gain": Decimal(34)}
PROTEIN_G, FAT_G = Decimal("1.8"), Decimal("0.9")


def planned_weight(row: SetRow, reps: int) -> Decimal | None:
    """The weight to enter for `reps` with two in reserve, by Epley from the set's estimate, down to whole plates.

    At most 5 % above what the set itself was done with. None for loads that are not entered as they are.
    """
    if row.e1rm_kg is None or row.weight is None or row.load_basis not in (LoadBasis.TOTAL, LoadBasis.PER_HAND):
        return None
    hands = 2 if row.load_basis is LoadBasis.PER_HAND else 1
    ideal = row.e1rm_kg * 30 / (30 + reps + RESERVE) / hands
    bounded = min(ideal, row.weight * MOST_OVER_DONE)
    return (bounded / PLATE).to_integral_value(ROUND_DOWN) * PLATE or None


def daily(row: MeasurementRow, quantity: str) -> Decimal | None:
    """`kcal.<goal>`, `protein_g` or `fat_g` a day, from the body weight."""
    if not row.weight_kg:
        return None
    match quantity.split("."):
        case ["kcal", goal] if goal in KCAL:
            return rounded(row.weight_kg * KCAL[goal]).quantize(Decimal(1))
        case ["protein_g"]:
            return rounded(row.weight_kg * PROTEIN_G).quantize(Decimal(1))
        case ["fat_g"]:
            return rounded(row.weight_kg * FAT_G).quantize(Decimal(1))
        case _:
            return None
