"""Rows become sessions: grouped, counted, put in order and spread over their time."""

import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from client.importing.entries import Entry, NoteEntry, SessionFacts, SetEntry
from client.importing.export import ImportedSet, Session, Skipped
from client.importing.times import in_utc
from shared.domains.workouts.events import SetType

PLANNED = "planned, not done: no weight, reps, distance or time"
_BETWEEN_SETS = timedelta(minutes=1)
_TICK = timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True)
class _Counted:
    """A set entry that knows which of several alike it is."""

    entry: SetEntry
    occurrence: int


@dataclass(slots=True)
class _Gathered:
    """The entries of one session, in the order of the file."""

    facts: list[SessionFacts] = field(default_factory=list)
    sets: list[_Counted] = field(default_factory=list)
    notes: dict[str, list[NoteEntry]] = field(default_factory=lambda: defaultdict(list))
    seen: Counter[tuple[str, str]] = field(default_factory=Counter)

    def add(self, entry: SetEntry) -> None:
        alike = (entry.exercise, entry.ordinal)
        if entry.performance.is_done:
            self.sets.append(_Counted(entry, self.seen[alike]))
        self.seen[alike] += 1


def session_key(facts: SessionFacts, *, has_time: bool) -> str:
    """The wall-clock start and the name: alike in every export of the app, in any time zone."""
    start = facts.start.isoformat(timespec="seconds") if has_time else facts.start.date().isoformat()
    return f"{start}|{unicodedata.normalize('NFC', facts.name or '')}"


def build_sessions(
    entries: Iterable[Entry], zone: ZoneInfo, *, has_time: bool
) -> tuple[tuple[Session, ...], tuple[Skipped, ...]]:
    """The sessions by their start, and the rows that are not sets after all."""
    gathered: dict[str, _Gathered] = defaultdict(_Gathered)
    skipped: list[Skipped] = []
    for entry in entries:
        session = gathered[session_key(entry.session, has_time=has_time)]
        session.facts.append(entry.session)
        match entry:
            case NoteEntry():
                session.notes[entry.exercise].append(entry)
            case SetEntry():
                session.add(entry)
                if not entry.performance.is_done:
                    skipped.append(Skipped(entry.line, PLANNED))
    skipped += [_skipped_note(session, note) for session in gathered.values() for note in _notes(session)]
    sessions = (_session(key, session, zone, has_time) for key, session in gathered.items() if session.sets)
    return tuple(sorted(sessions, key=lambda session: (session.started_at, session.key))), tuple(skipped)


def _notes(session: _Gathered) -> Iterator[NoteEntry]:
    for notes in session.notes.values():
        yield from notes


def _skipped_note(session: _Gathered, note: NoteEntry) -> Skipped:
    kept = any(counted.entry.exercise == note.exercise for counted in session.sets)
    return Skipped(note.line, "a note, kept with the exercise's first set" if kept else "a note without a set")


def _session(key: str, gathered: _Gathered, zone: ZoneInfo, has_time: bool) -> Session:
    facts = gathered.facts
    started_at = in_utc(facts[0].start, zone)
    ended_at = _ended_at(facts, started_at, zone)
    sets = _in_order(gathered.sets)
    times = _spread(started_at, ended_at, len(sets))
    notes = _notes_by_line(gathered, sets)
    return Session(
        key=key,
        name=facts[0].name,
        started_at=started_at,
        ended_at=ended_at,
        duration_s=None if ended_at is None else int((ended_at - started_at).total_seconds()),
        notes=next((fact.notes for fact in facts if fact.notes), None),
        sets=tuple(_set(counted, time, notes) for counted, time in zip(sets, times, strict=True)),
        has_time=has_time,
    )


def _ended_at(facts: Sequence[SessionFacts], started_at: datetime, zone: ZoneInfo) -> datetime | None:
    """The end as the file has it; None where it has none, or one before the start."""
    if end := next((fact.end for fact in facts if fact.end), None):
        ended_at = in_utc(end, zone, not_before=started_at)
        return ended_at if ended_at >= started_at else None
    duration = next((fact.duration_s for fact in facts if fact.duration_s is not None), None)
    return None if duration is None else started_at + timedelta(seconds=duration)


def _spread(started_at: datetime, ended_at: datetime | None, count: int) -> list[datetime]:
    """One moment for each set, evenly between start and end, each after the one before it."""
    step = _BETWEEN_SETS if ended_at is None else (ended_at - started_at) / (count + 1)
    step = max(step // _TICK * _TICK, _TICK)
    return [started_at + step * place for place in range(1, count + 1)]


def _in_order(sets: Sequence[_Counted]) -> list[_Counted]:
    """The sets in the order in which they were done, as far as the file tells.

    Exercises stay in the places that they have in the file; the sets of one exercise follow their ordinals.
    """
    by_exercise: dict[str, list[_Counted]] = defaultdict(list)
    for counted in sets:
        by_exercise[counted.entry.exercise].append(counted)
    ordered = {exercise: iter(_by_ordinal(alike)) for exercise, alike in by_exercise.items()}
    return [next(ordered[counted.entry.exercise]) for counted in sets]


def _by_ordinal(sets: list[_Counted]) -> list[_Counted]:
    """File order where the ordinals rise as often as the exercise was done; else warm-ups, numbers, the rest."""
    numbers = [number for counted in sets if (number := _number(counted)) is not None]
    rises = 1 + sum(later <= earlier for earlier, later in pairwise(numbers))
    if rises <= max(Counter(numbers).values(), default=1):
        return sets
    return sorted(sets, key=_rank)


def _rank(counted: _Counted) -> tuple[int, int]:
    number = _number(counted)
    if number is not None:
        return 1, number
    return (0, 0) if counted.entry.set_type is SetType.WARMUP else (2, 0)


def _number(counted: _Counted) -> int | None:
    ordinal = counted.entry.ordinal
    return int(ordinal) if ordinal.isdecimal() and len(ordinal) < 10 else None


def _notes_by_line(gathered: _Gathered, sets: Sequence[_Counted]) -> dict[int, str | None]:
    """The notes of each set, by its line. Apps repeat an exercise's note in each of its rows: once is enough."""
    last: dict[str, str | None] = {}
    notes: dict[int, str | None] = {}
    for entry in (counted.entry for counted in sets):
        own = None if last.get(entry.exercise) == entry.notes else entry.notes
        about = [note.text for note in gathered.notes.get(entry.exercise, ()) if entry.exercise not in last]
        last[entry.exercise] = entry.notes
        notes[entry.line] = "\n".join(filter(None, [own, *about]))[:10_000] or None
    return notes


def _set(counted: _Counted, completed_at: datetime, notes: dict[int, str | None]) -> ImportedSet:
    entry, performance = counted.entry, counted.entry.performance
    return ImportedSet(
        line=entry.line,
        exercise_name=entry.exercise,
        ordinal=entry.ordinal,
        occurrence=counted.occurrence,
        set_type=entry.set_type,
        reps=performance.counted_reps,
        weight=performance.load.weight,
        weight_unit=performance.load.unit,
        distance_m=performance.distance_m,
        duration_s=performance.duration_s,
        rpe=entry.rpe,
        superset_id=entry.superset_id,
        notes=notes[entry.line],
        completed_at=completed_at,
        assisted=performance.load.assisted,
    )
