"""Which columns hold weights and distances, and in which units."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from client.importing import quantities
from client.importing.cells import Cells
from client.importing.export import UnitGuess
from client.importing.tables import Row, Table
from shared.domains.workouts.events import WeightUnit

_WEIGHTS: dict[str, WeightUnit | None] = {
    "weight kg": WeightUnit.KG,
    "weight kgs": WeightUnit.KG,
    "weight lb": WeightUnit.LB,
    "weight lbs": WeightUnit.LB,
    "weight": None,
}
_DISTANCES: dict[str, str | None] = {
    "distance meters": "m",
    "distance m": "m",
    "distance km": "km",
    "distance miles": "mi",
    "distance mi": "mi",
    "distance": None,
}
# What only a bar loaded with plates of 45, 25, 10 and 5 lb weighs.
_POUND_PLATES = frozenset(map(Decimal, (95, 135, 185, 225, 275, 315, 365, 405, 455, 495)))


@dataclass(frozen=True, slots=True)
class Load:
    """A weight as it was entered; `assisted` where it was written as less than nothing."""

    weight: Decimal | None
    unit: WeightUnit
    assisted: bool


@dataclass(frozen=True, slots=True)
class Units:
    """How a file writes weights and distances. `default` is for rows that do not say their unit."""

    weights: tuple[str, ...]
    distance: str | None
    default: WeightUnit
    guess: UnitGuess | None

    def load(self, cells: Cells) -> Load:
        """The row's weight; of two columns the one with the shorter number, for the other was converted."""
        written = [(value, column) for column in self.weights if (value := cells.decimal(column))]
        if not written:
            return Load(None, self.default, assisted=False)
        value, column = min(written, key=lambda entry: len(entry[0].normalize().as_tuple().digits))
        weight, unit = quantities.as_entered(abs(value), self._weight_unit(cells, column))
        return Load(weight or None, unit, assisted=value < 0)

    def metres(self, cells: Cells) -> Decimal | None:
        """The row's distance in metres; none where it says 0."""
        value = None if self.distance is None else cells.decimal(self.distance)
        if not value or self.distance is None:
            return None
        unit = _DISTANCES[self.distance] or cells.text("distance unit") or self._usual_distance()
        return cells.read("distance", lambda: quantities.metres(value, unit))

    def _weight_unit(self, cells: Cells, column: str) -> WeightUnit:
        if declared := _WEIGHTS[column]:
            return declared
        written = cells.text("weight unit")
        return cells.read("weight unit", lambda: quantities.weight_unit(written)) if written else self.default

    def _usual_distance(self) -> str:
        return "km" if self.default is WeightUnit.KG else "mi"


def units_of(table: Table, unit: WeightUnit | None) -> Units:
    """How this file writes weights. The unit that the file names wins over `unit`; without both, a guess."""
    weights = tuple(column for column in _WEIGHTS if column in table.columns)
    distance = next((column for column in _DISTANCES if column in table.columns), None)
    declared = next((_WEIGHTS[column] for column in weights if _WEIGHTS[column]), None)
    rows = [row for row in table.rows if isinstance(row, Row)]
    silent = declared is None and any(_has_weight(row) and not row.cells.get("weight unit", "").strip() for row in rows)
    guess = _guess(rows) if silent and unit is None else None
    default = declared or unit or (guess.unit if guess else WeightUnit.KG)
    return Units(weights, distance, default, guess)


def _has_weight(row: Row) -> bool:
    return row.cells.get("weight", "").strip().strip("0.,") != ""


def _guess(rows: Iterable[Row]) -> UnitGuess:
    weights = [weight for row in rows if (weight := _weight(row))]
    plates = sum(weight in _POUND_PLATES for weight in weights)
    fine = sum(weight % Decimal("2.5") != 0 for weight in weights)
    if plates > fine:
        return UnitGuess(WeightUnit.LB, f"{plates} sets weigh what bars with pound plates weigh")
    reason = f"{fine} sets are in finer steps than pounds usually are" if fine else "nothing in the file tells"
    return UnitGuess(WeightUnit.KG, reason)


def _weight(row: Row) -> Decimal | None:
    try:
        return quantities.number(row.cells.get("weight", ""))
    except ValueError:
        return None
