"""Lifelike histories of one user's devices, made from a seed: what tests and trials fold, interleave and replay.

Phones log workouts at their own, wrong clocks; now and then they pull what the others have sent, and edit it with or
without having seen the latest. Numbers that ingest refused are missing from the chains.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID, uuid4

from shared.digests import digest_of_events
from shared.domains.exercises.catalogue import CATALOGUE, catalogue_id
from shared.envelope import AcceptedEvent
from shared.feeds import Head
from shared.values import format_moment

START = datetime(2026, 1, 5, 17, 30, tzinfo=UTC)
EPOCH = UUID("0192a4e0-0000-7000-8000-000000000001")
FAVOURITES = tuple(
    catalogue_id(slug)
    for slug in ("bench-press-barbell", "squat-barbell", "deadlift-barbell", "overhead-press-barbell", "pull-up")
)
ZONES = ("Europe/Berlin", "America/Los_Angeles", "Asia/Kolkata", "Pacific/Auckland", "UTC")
SET_TYPES = ("normal", "normal", "normal", "warmup", "drop", "failure", "amrap", "partial")
Said = tuple[str, dict[str, Any]]


@dataclass(frozen=True)
class History:
    """Accepted events by device, each in order of its numbers, and all in the order in which ingest received them."""

    user_id: UUID
    devices: Mapping[UUID, tuple[AcceptedEvent, ...]]
    received: tuple[AcceptedEvent, ...]


def history(seed: int, events: int = 200, devices: int = 3, user_id: UUID | None = None) -> History:
    """The history that follows from the seed: so many events of so many devices of one user."""
    random = Random(seed)
    user = user_id or _id(random)
    phones = [_Phone(_id(random), user, random) for _ in range(devices)]
    received: list[AcceptedEvent] = []
    while len(received) < events:
        phone = random.choice(phones)
        if random.random() < 0.05:
            phone.pull(phones)
        received += phone.live(min(random.randint(1, 12), events - len(received)))
    return History(user, {phone.device_id: tuple(phone.sent) for phone in phones}, tuple(received))


def head_of(chain: Sequence[AcceptedEvent]) -> Head:
    """What an event store that holds just these events of one device says of it."""
    digest = digest_of_events((event.event_id, event.sequence_number) for event in chain)
    last = chain[-1]
    return Head(
        device_id=last.device_id,
        user_id=last.user_id,
        last_accepted_sequence=last.sequence_number,
        count=digest.count,
        hash=digest.hash,
    )


def sent(user_id: UUID, device_id: UUID, said: Iterable[Said]) -> list[AcceptedEvent]:
    """What one device says, a second apart."""
    return [
        AcceptedEvent(
            event_id=uuid4(),
            event_type=event_type,
            schema_version=1,
            payload=payload,
            device_id=device_id,
            sequence_number=number,
            previous_sequence=number - 1,
            occurred_at=START + timedelta(seconds=number),
            received_at=START + timedelta(seconds=number),
            user_id=user_id,
            server_epoch=EPOCH,
        )
        for number, (event_type, payload) in enumerate(said, 1)
    ]


def interleaved(chains: Iterable[Iterable[AcceptedEvent]], random: Random) -> list[AcceptedEvent]:
    """All events in a random order that keeps that of each device."""
    waiting = [list(reversed(list(chain))) for chain in chains]
    mixed: list[AcceptedEvent] = []
    while waiting := [chain for chain in waiting if chain]:
        mixed.append(random.choice(waiting).pop())
    return mixed


def repeated(events: Iterable[AcceptedEvent], random: Random, share: float = 0.2) -> list[AcceptedEvent]:
    """The events with some of those already seen thrown in again."""
    result: list[AcceptedEvent] = []
    for event in events:
        result.append(event)
        if random.random() < share:
            result.append(random.choice(result))
    return result


def _id(random: Random) -> UUID:
    return UUID(int=random.getrandbits(128), version=4)


@dataclass
class _Phone:
    device_id: UUID
    user_id: UUID
    random: Random
    sent: list[AcceptedEvent] = field(default_factory=list)
    number: int = 0
    pulled: dict[UUID, int] = field(default_factory=dict)
    known: dict[str, list[UUID]] = field(default_factory=dict)
    open_workout: UUID | None = None

    def __post_init__(self) -> None:
        self.clock = START + timedelta(hours=self.random.randint(-48, 48), milliseconds=self.random.randint(0, 999))
        self.sees = self.random.random() < 0.8

    def pull(self, phones: Iterable["_Phone"]) -> None:
        """Learns everything that the other phones have sent so far."""
        for phone in phones:
            if phone is not self and phone.sent:
                self.pulled[phone.device_id] = phone.sent[-1].sequence_number
                for kind, ids in phone.known.items():
                    mine = self.known.get(kind, [])
                    self.known[kind] = list(dict.fromkeys((*mine, *ids)))

    def live(self, events: int) -> list[AcceptedEvent]:
        """So many things happen on this phone."""
        return [self._send(*self._happening()) for _ in range(events)]

    def _happening(self) -> Said:
        """Mostly sets of the workout that is going on; else it begins or ends, or something rarer happens."""
        self.clock += timedelta(seconds=self.random.randint(20, 400))
        chance = self.random.random()
        if self.open_workout is None and chance < 0.6:
            return self._start()
        if self.open_workout is not None and chance < 0.65:
            return self._set(self.open_workout)
        if self.open_workout is not None and chance < 0.7:
            return self._end(self.open_workout)
        return self._rare()

    def _rare(self) -> Said:
        happenings: list[Callable[[], Said | None]] = [
            self._correct,
            self._correct,
            self._late_set,
            lambda: self._take_away("set", "SetRemoved", "SetRestored"),
            lambda: self._take_away("workout", "WorkoutDiscarded", "WorkoutRestored"),
            lambda: self._take_away("exercise", "ExerciseArchived", "ExerciseRestored"),
            lambda: self._take_away("measurement", "BodyMeasurementRemoved", "BodyMeasurementRestored"),
            lambda: self._take_away("goal", "GoalRemoved", "GoalRestored"),
            lambda: self._take_away("template", "TemplateRemoved", "TemplateRestored"),
            self._update,
            self._define,
            self._redefine,
            self._merge,
            self._measure,
            self._measure_again,
            self._say_profile,
            self._aim,
            self._plan,
            self._finish_import,
        ]
        while True:
            if said := self.random.choice(happenings)():
                return said

    def _new(self, kind: str) -> str:
        made = _id(self.random)
        self.known.setdefault(kind, []).append(made)
        return str(made)

    def _any(self, kind: str) -> str | None:
        ids = self.known.get(kind)
        return str(self.random.choice(ids[-20:])) if ids else None

    def _exercise(self) -> str:
        own = self._any("exercise")
        if own and self.random.random() < 0.3:
            return own
        return str(self.random.choice(FAVOURITES if self.random.random() < 0.8 else tuple(CATALOGUE)))

    def _start(self) -> Said:
        self.clock += timedelta(hours=self.random.randint(8, 80))
        workout_id = self._new("workout")
        self.open_workout = UUID(workout_id)
        more = {"time_zone": self.random.choice(ZONES)} if self.random.random() < 0.7 else {}
        return "WorkoutStarted", {"workout_id": workout_id, "started_at": format_moment(self.clock), **more}

    def _end(self, workout_id: UUID) -> Said:
        self.open_workout = None
        return "WorkoutEnded", {"workout_id": str(workout_id), "ended_at": format_moment(self.clock)}

    def _performance(self) -> dict[str, Any]:
        random = self.random
        kind = random.random()
        if kind < 0.1:
            return {"duration_s": random.randint(20, 1800), "distance_m": random.randint(0, 5000)}
        load = {"weight": random.randint(8, 80) * 2.5, "weight_unit": random.choice(("kg", "kg", "lb"))}
        basis = random.choice(({}, {}, {"load_basis": random.choice(("per_hand", "bodyweight", "assisted"))}))
        effort = random.choice(({}, {"rpe": random.randint(10, 20) / 2}, {"rir": random.randint(0, 5)}))
        return {"reps": random.randint(0, 15), "set_type": random.choice(SET_TYPES), **load, **basis, **effort}

    def _set(self, workout_id: UUID) -> Said:
        where = {"set_id": self._new("set"), "workout_id": str(workout_id), "exercise_id": self._exercise()}
        return "SetCompleted", {**where, "completed_at": format_moment(self.clock), **self._performance()}

    def _late_set(self) -> Said | None:
        workout_id = self._any("workout")
        return self._set(UUID(workout_id)) if workout_id else None

    def _correct(self) -> Said | None:
        set_id = self._any("set")
        changes: tuple[dict[str, Any], ...] = (
            {"reps": self.random.randint(0, 12)},
            {"weight": self.random.randint(8, 80) * 2.5},
            {"notes": None, "rpe": 8.5},
            {"exercise_id": self._exercise()},
            {"workout_id": self._any("workout")},
            {"completed_at": format_moment(self.clock)},
        )
        return ("SetCorrected", {"set_id": set_id, **self.random.choice(changes)}) if set_id else None

    def _update(self) -> Said | None:
        workout_id = self._any("workout")
        moved = format_moment(self.clock - timedelta(days=self.random.randint(0, 20)))
        changes = ({"name": f"Day {self.random.randint(1, 9)}"}, {"started_at": moved}, {"time_zone": None})
        return ("WorkoutUpdated", {"workout_id": workout_id, **self.random.choice(changes)}) if workout_id else None

    def _take_away(self, kind: str, removal: str, restoration: str) -> Said | None:
        entity_id = self._any(kind)
        event_type = removal if self.random.random() < 0.6 else restoration
        return (event_type, {f"{kind}_id": entity_id}) if entity_id else None

    def _define(self) -> Said:
        what = {
            "name": f"Exercise {self.random.randint(1, 99)}",
            "muscle_category": self.random.choice(("chest", "back")),
        }
        return "ExerciseDefined", {"exercise_id": self._new("exercise"), **what, "secondary": ["biceps", "unheard_of"]}

    def _redefine(self) -> Said:
        changes = ({"name": f"Renamed {self.random.randint(1, 99)}"}, {"secondary": None}, {"equipment": "barbell"})
        return "ExerciseUpdated", {"exercise_id": self._exercise(), **self.random.choice(changes)}

    def _merge(self) -> Said:
        if self.random.random() < 0.3:
            return "ExercisesSplit", {"from_id": self._exercise()}
        return "ExercisesMerged", {"from_id": self._exercise(), "into_id": self._exercise()}

    def _girths(self) -> dict[str, Any]:
        tape = {"waist": 84.5, "neck": self.random.randint(36, 40), "hip": 96, "height": 178}
        return {"weight": self.random.randint(600, 1100) / 10, **(tape if self.random.random() < 0.6 else {})}

    def _measure(self) -> Said:
        what = {"measurement_id": self._new("measurement"), "measured_at": format_moment(self.clock)}
        return "BodyMeasurementRecorded", {**what, **self._girths()}

    def _measure_again(self) -> Said | None:
        measurement_id = self._any("measurement")
        correction = {"measurement_id": measurement_id, **self._girths(), "units": None}
        return ("BodyMeasurementCorrected", correction) if measurement_id else None

    def _say_profile(self) -> Said:
        changes: tuple[dict[str, Any], ...] = (
            {"sex": self.random.choice(("male", "female"))},
            {"time_zone": self.random.choice(ZONES)},
            {"week_start": self.random.randint(1, 7)},
            {"height": 180.5, "birth_date": "1990-02-28"},
        )
        return "ProfileUpdated", self.random.choice(changes)

    def _aim(self) -> Said:
        return "GoalSet", {"goal_id": self._new("goal"), "kind": "body_weight", "target": self.random.randint(60, 100)}

    def _plan(self) -> Said:
        known = self._any("template") if self.random.random() < 0.5 else None
        exercises = [{"exercise_id": self._exercise(), "sets": [{"reps": 5, "weight": 100}]} for _ in range(2)]
        return "TemplateSaved", {"template_id": known or self._new("template"), "name": "Plan", "exercises": exercises}

    def _finish_import(self) -> Said:
        return "ImportFinished", {"import_id": self._new("import"), "source": "hevy", "file_hash": "0f", "counts": {}}

    def _send(self, event_type: str, payload: dict[str, Any]) -> AcceptedEvent:
        previous = self.number
        self.number += 1 if self.random.random() < 0.97 else 2
        event = AcceptedEvent(
            event_id=_id(self.random),
            event_type=event_type,
            schema_version=self.random.randint(1, 2) if event_type == "GoalSet" else 1,
            payload=payload,
            device_id=self.device_id,
            sequence_number=self.number,
            occurred_at=self.clock,
            seen=dict(self.pulled) if self.sees and self.pulled else None,
            user_id=self.user_id,
            previous_sequence=previous,
            received_at=self.clock + timedelta(hours=1),
            server_epoch=EPOCH,
        )
        self.sent.append(event)
        return event
