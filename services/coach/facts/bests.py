"""What a week brought that was never lifted before, as it was when the week closed."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from shared.domains.workouts.events import SetType
from shared.domains.workouts.volume import ZERO
from shared.views.records import RecordKind
from shared.views.sets import SetRow


@dataclass(frozen=True, slots=True)
class Best:
    """The first set of its week with the greatest load or estimate, greater than in all weeks before."""

    exercise_id: UUID
    kind: RecordKind
    value: Decimal
    row: SetRow


def bests_by_week(working: Mapping[str, Sequence[SetRow]]) -> Mapping[str, Sequence[Best]]:
    """By week, from its working sets in order of time."""
    standing: dict[tuple[UUID, RecordKind], Decimal] = {}
    found: dict[str, Sequence[Best]] = {}
    for week in sorted(working):
        bests = _of_week(working[week], standing)
        standing |= {key: best.value for key, best in bests.items()}
        found[week] = list(bests.values())
    return found


def _of_week(
    rows: Sequence[SetRow], standing: Mapping[tuple[UUID, RecordKind], Decimal]
) -> dict[tuple[UUID, RecordKind], Best]:
    bests: dict[tuple[UUID, RecordKind], Best] = {}
    for row in rows:
        for kind, value in _values(row):
            key = row.exercise_id, kind
            if value > (bests[key].value if key in bests else standing.get(key, ZERO)):
                bests[key] = Best(row.exercise_id, kind, value, row)
    return bests


def _values(row: SetRow) -> Iterator[tuple[RecordKind, Decimal]]:
    """What a set may be a record of, by the rules of the records view."""
    if row.load_kg and row.reps != 0 and row.set_type is not SetType.PARTIAL:
        yield RecordKind.LOAD, row.load_kg
    if row.e1rm_kg is not None and not row.low_confidence:
        yield RecordKind.E1RM, row.e1rm_kg
