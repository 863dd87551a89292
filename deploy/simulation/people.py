"""What people do with their phones: log what happens, and change what they can see."""

import json
from datetime import timedelta
from decimal import Decimal
from typing import ClassVar
from uuid import UUID

from client.events import Draft
from deploy.simulation.chance import Chance
from deploy.simulation.model import Fact, Model
from deploy.simulation.phone import Phone, PowerCut
from shared.domains.body.events import BodyMeasurementRecorded
from shared.domains.exercises.catalogue import CATALOGUE
from shared.domains.profile.events import ProfileUpdated, Sex
from shared.domains.templates.events import TemplateRemoved, TemplateSaved
from shared.domains.workouts.events import (
    SetCompleted,
    SetCorrected,
    SetRemoved,
    SetRestored,
    WorkoutDiscarded,
    WorkoutEnded,
    WorkoutRestored,
    WorkoutStarted,
    WorkoutUpdated,
)
from shared.registry import DomainEvent
from shared.values import format_moment

# What an older server does not know yet.
NEW_TYPES = frozenset({TemplateSaved.event_type, TemplateRemoved.event_type})
EXERCISES = tuple(CATALOGUE)[:3]
ZONES = ("Europe/Berlin", "Asia/Kolkata", "Pacific/Auckland")


class SloppySet(DomainEvent):
    """What a faulty client sends as a set: no server will ever accept it."""

    event_type: ClassVar[str] = "SetCompleted"
    set_id: UUID
    workout_id: UUID
    exercise_id: UUID
    reps: int


class Owner:
    """One person. Everything that is logged on the phones goes into the model as well."""

    def __init__(self, email: str, chance: Chance, model: Model) -> None:
        self.email, self._chance, self._model = email, chance, model

    def logs(self, phone: Phone) -> Fact | None:
        """Something happens and is logged, unless the power goes. Nothing is seen but what this phone shows."""
        happened = self._chance.moment(phone.now() - timedelta(seconds=self._chance.among((0, 0, 0, 60, 86_400))))
        try:
            known, draft = phone.known(), Draft(self._event(phone), happened)
            phone.log(draft)
        except PowerCut:
            phone.restart()
            return None
        fact = Fact(format_moment(happened), self.email, phone.name, draft.event, draft.payload, known)
        self._model.logged(fact)
        return fact

    def _event(self, phone: Phone) -> DomainEvent:
        things = _Things(phone)
        makers = [self._new, self._change_set, self._change_workout, self._template, self._profile, self._sloppy]
        maker = self._chance.weighted(makers, (40, 30, 12, 10, 6, 3))
        return maker(things, phone)

    def _new(self, things: "_Things", phone: Phone) -> DomainEvent:
        chance = self._chance
        if not things.workouts or chance.happens(0.2):
            zone = chance.among((None, *ZONES))
            return WorkoutStarted(workout_id=chance.id(), started_at=phone.now(), time_zone=zone)
        if chance.happens(0.1):
            weight = Decimal(chance.between(60, 90))
            return BodyMeasurementRecorded(measurement_id=chance.id(), measured_at=phone.now(), weight=weight)
        return SetCompleted(
            set_id=chance.id(),
            workout_id=chance.among(things.workouts),
            exercise_id=chance.among(EXERCISES),
            completed_at=phone.now(),
            reps=chance.between(0, 12),
            weight=Decimal(chance.between(0, 200)) / 2,
        )

    def _change_set(self, things: "_Things", phone: Phone) -> DomainEvent:
        if not things.sets:
            return self._new(things, phone)
        set_id, chance = self._chance.among(things.sets), self._chance
        match chance.between(0, 5):
            case 0:
                return SetRemoved(set_id=set_id)
            case 1:
                return SetRestored(set_id=set_id)
            case 2:
                return SetCorrected(set_id=set_id, weight=Decimal(chance.between(0, 200)), rpe=Decimal(8))
            case _:
                return SetCorrected(set_id=set_id, reps=chance.between(0, 12))

    def _change_workout(self, things: "_Things", phone: Phone) -> DomainEvent:
        if not things.workouts:
            return self._new(things, phone)
        workout_id, chance = self._chance.among(things.workouts), self._chance
        match chance.between(0, 4):
            case 0:
                return WorkoutDiscarded(workout_id=workout_id)
            case 1:
                return WorkoutRestored(workout_id=workout_id)
            case 2:
                return WorkoutUpdated(workout_id=workout_id, name=f"Day {chance.between(1, 9)}", notes=None)
            case _:
                return WorkoutEnded(workout_id=workout_id, ended_at=phone.now())

    def _template(self, things: "_Things", phone: Phone) -> DomainEvent:
        chance = self._chance
        if things.templates and chance.happens(0.3):
            return TemplateRemoved(template_id=chance.among(things.templates))
        template_id = chance.among((*things.templates, chance.id()))
        return TemplateSaved(template_id=template_id, name=f"Plan {chance.between(1, 9)}", exercises=[])

    def _profile(self, things: "_Things", phone: Phone) -> DomainEvent:
        if self._chance.happens(0.5):
            return ProfileUpdated(time_zone=self._chance.among(ZONES))
        return ProfileUpdated(sex=self._chance.among(tuple(Sex)), height=Decimal(self._chance.between(150, 200)))

    def _sloppy(self, things: "_Things", phone: Phone) -> DomainEvent:
        ids = [self._chance.id() for _ in range(3)]
        return SloppySet(set_id=ids[0], workout_id=ids[1], exercise_id=ids[2], reps=-1)


class _Things:
    """What a phone shows that can be changed."""

    def __init__(self, phone: Phone) -> None:
        found: dict[str, list[UUID]] = {"workout_id": [], "set_id": [], "template_id": []}
        names = {"WorkoutStarted": "workout_id", "SetCompleted": "set_id", "TemplateSaved": "template_id"}
        for event_type, payload in phone.things():
            if name := names.get(event_type):
                found[name].append(UUID(json.loads(payload)[name]))
        self.workouts, self.sets = _distinct(found["workout_id"]), _distinct(found["set_id"])
        self.templates = _distinct(found["template_id"])


def _distinct(ids: list[UUID]) -> list[UUID]:
    return list(dict.fromkeys(ids))
