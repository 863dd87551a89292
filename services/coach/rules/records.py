"""Questions about records: what was lifted, held, covered or repeated most."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from uuid import UUID

from services.coach.facts.log import TrainingLog
from services.coach.facts.rows import grouped
from services.coach.facts.sheet import favourites, record_claim
from services.coach.rules.answers import Answer, Saying, joined, nothing_yet
from services.coach.rules.progress import TEN_YEARS, reference
from shared.views.records import RecordKind, RecordRow

KINDS = {
    RecordKind.LOAD: "a load of",
    RecordKind.E1RM: "an estimated 1RM of",
    RecordKind.DURATION: "a set of",
    RecordKind.DISTANCE: "a distance of",
}
"""What is told of an exercise; the most repetitions where it has none of these."""
FIRST = (RecordKind.E1RM, RecordKind.LOAD, RecordKind.DISTANCE, RecordKind.DURATION, RecordKind.REPS_AT_LOAD)
"""Of which kind the one record is that is told where an exercise has several."""
NO_RECORD = "no record of load, 1RM, repetitions, time or distance"


def records(log: TrainingLog, now: datetime) -> Answer:
    """A record of each of the exercises done most, those with an estimated 1RM first."""
    saying = Saying(log, now)
    by_exercise = grouped((record.exercise_id, record) for record in log.records)
    done = favourites(log, reference(log, now), span=TEN_YEARS, limit=None)
    found = [record for exercise_id in done if (record := _first(by_exercise.get(exercise_id, ())))]
    for record in sorted(found, key=lambda record: record.kind is not RecordKind.E1RM)[:5]:
        if told := _told(saying, record):
            saying.add(f"{log.name(record.exercise_id)}: {told}, on {_day(log, record)}.")
    return saying.answer() if saying.sentences else nothing_yet(f"{NO_RECORD} so far.")


def _first(found: Sequence[RecordRow]) -> RecordRow | None:
    told = [record for record in latest(found) if record.kind in FIRST]
    return min(told, key=lambda record: (FIRST.index(record.kind), -record.value), default=None)


def records_in(saying: Saying, exercise_id: UUID) -> str | None:
    """A sentence with the records of one exercise."""
    log = saying.log
    found = [record for record in log.records if record.exercise_id == exercise_id]
    several = [record for kind in KINDS for record in found if record.kind is kind]
    chosen = several or [record for record in [_first(found)] if record]
    parts = [f"{told} on {_day(log, record)}" for record in chosen if (told := _told(saying, record))]
    return f"Your records in {log.name(exercise_id)}: {joined(parts)}." if parts else None


def _told(saying: Saying, record: RecordRow) -> str | None:
    made = record_claim(saying.log, record)
    return f"{KINDS.get(record.kind, 'a set of')} {saying.amount(made)}" if made else None


def _day(log: TrainingLog, record: RecordRow) -> date:
    return log.day_of(record.achieved_at, record.workout_id)


def new_records(log: TrainingLog, now: datetime) -> Answer:
    """Load and e1RM records of the last 30 days, the newest first."""
    since = now - timedelta(days=30)
    lifts = (record for record in log.records if record.kind in (RecordKind.LOAD, RecordKind.E1RM))
    fresh = [record for record in lifts if since <= record.achieved_at <= now]
    if not fresh:
        return Answer("No load or 1RM record fell in the last thirty days.")
    saying = Saying(log, now)
    for record in latest(fresh)[:5]:
        if made := record_claim(log, record):
            label = made.label[0].upper() + made.label[1:]
            saying.add(f"{label}: {saying.amount(made)} on {_day(log, record)}.")
    return saying.answer()


def latest(found: Iterable[RecordRow]) -> list[RecordRow]:
    return sorted(found, key=lambda record: (record.achieved_at, record.exercise_id, record.kind.value), reverse=True)


def strongest(log: TrainingLog, now: datetime) -> Answer:
    """The heaviest lift and the greatest estimate of the whole history."""
    heaviest = max((r for r in log.records if r.kind is RecordKind.LOAD), key=_value, default=None)
    greatest = max((r for r in log.records if r.kind is RecordKind.E1RM), key=_value, default=None)
    saying = Saying(log, now)
    if heaviest and (made := record_claim(log, heaviest)):
        name, day = log.name(heaviest.exercise_id), _day(log, heaviest)
        saying.add(f"Your heaviest set is {name} with {saying.amount(made)} on {day}.")
    if greatest and (made := record_claim(log, greatest)):
        name = log.name(greatest.exercise_id)
        saying.add(f"The greatest estimated 1RM is {saying.amount(made)}, in {name}.")
    return saying.answer() if saying.sentences else nothing_yet("no set with a load is logged.")


def _value(record: RecordRow) -> tuple[Decimal, datetime]:
    return record.value, record.achieved_at
