"""Body measurements, and what they say of fat and lean mass."""

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, ClassVar, Protocol
from uuid import UUID

from shared.domains.body.composition import NAVY_MARGIN, fat_mass, lean_mass, navy_body_fat
from shared.domains.body.events import Units
from shared.domains.profile.events import Sex
from shared.fold import Entity
from shared.units import inches_to_centimetres, pounds_to_kilograms
from shared.views.profile import ProfileRow
from shared.views.rows import Row, json_form

LENGTHS = (
    "height",
    "neck",
    "waist",
    "hip",
    "shoulder",
    "chest",
    "abdomen",
    "left_bicep",
    "right_bicep",
    "left_forearm",
    "right_forearm",
    "left_thigh",
    "right_thigh",
    "left_calf",
    "right_calf",
)


@dataclass(frozen=True, slots=True)
class MeasurementRow(Row):
    """Weights in kg, lengths in cm.

    `body_fat_percent` is what was measured (`body_fat_method` "measured"), else the tape's estimate ("navy", true
    within `body_fat_margin` points). `entered` holds the values and units as they were typed. `week` is the training
    week, in the profile's time zone, that the measurement counts in.
    """

    KEY: ClassVar = ("measurement_id",)

    measurement_id: UUID
    measured_at: datetime
    week: str
    weight_kg: Decimal | None
    height_cm: Decimal | None
    neck_cm: Decimal | None
    waist_cm: Decimal | None
    hip_cm: Decimal | None
    shoulder_cm: Decimal | None
    chest_cm: Decimal | None
    abdomen_cm: Decimal | None
    left_bicep_cm: Decimal | None
    right_bicep_cm: Decimal | None
    left_forearm_cm: Decimal | None
    right_forearm_cm: Decimal | None
    left_thigh_cm: Decimal | None
    right_thigh_cm: Decimal | None
    left_calf_cm: Decimal | None
    right_calf_cm: Decimal | None
    body_fat_percent: Decimal | None
    body_fat_method: str | None
    body_fat_margin: Decimal | None
    fat_mass_kg: Decimal | None
    lean_mass_kg: Decimal | None
    entered: dict[str, Any]
    notes: str | None


def measurement_row(measurement_id: UUID, entity: Entity, profile: ProfileRow) -> MeasurementRow | None:
    """None where the measurement is removed or not recorded yet.

    The tape's estimate takes the profile's sex, and its height where the measurement has none.
    """
    measured_at = entity.value("measured_at")
    if entity.removed or measured_at is None:
        return None
    imperial = entity.value("units") is Units.IMPERIAL
    weight = _converted(entity.value("weight"), pounds_to_kilograms if imperial else None)
    lengths = {name: _converted(entity.value(name), inches_to_centimetres if imperial else None) for name in LENGTHS}
    percent, method = _body_fat(entity.value("fat_percent"), lengths, profile)
    return MeasurementRow(
        measurement_id=measurement_id,
        measured_at=measured_at,
        week=profile.calendar.week(measured_at),
        weight_kg=weight,
        **{f"{name}_cm": length for name, length in lengths.items()},
        body_fat_percent=percent,
        body_fat_method=method,
        body_fat_margin=NAVY_MARGIN if method == "navy" else None,
        fat_mass_kg=fat_mass(weight, percent) if weight and percent is not None else None,
        lean_mass_kg=lean_mass(weight, percent) if weight and percent is not None else None,
        entered=_entered(entity),
        notes=entity.value("notes"),
    )


def _converted(value: Decimal | None, convert: Any) -> Decimal | None:
    return value if value is None or convert is None else convert(value)


def _body_fat(
    measured: Decimal | None, lengths: dict[str, Decimal | None], profile: ProfileRow
) -> tuple[Decimal | None, str | None]:
    """Percent and method. A man's waist is taken at the navel: `abdomen`, where it was measured apart."""
    if measured is not None:
        return measured, "measured"
    waist, neck = lengths["waist"], lengths["neck"]
    if profile.sex is Sex.MALE:
        waist = lengths["abdomen"] or waist
    height = lengths["height"] or profile.height_cm
    if not (profile.sex and height and waist and neck):
        return None, None
    percent = navy_body_fat(profile.sex, height, waist, neck, lengths["hip"])
    return percent, None if percent is None else "navy"


def _entered(entity: Entity) -> dict[str, Any]:
    names = ("weight", *LENGTHS, "fat_percent")
    values = {name: json_form(entity.value(name)) for name in names if entity.value(name) is not None}
    return {**values, "units": json_form(entity.value("units") or Units.METRIC)}


class Weighing(Protocol):
    """What of a measurement says what the body weighed."""

    @property
    def measured_at(self) -> datetime: ...
    @property
    def measurement_id(self) -> UUID: ...
    @property
    def weight_kg(self) -> Decimal | None: ...


class BodyWeights:
    """What a user weighed when. Of two weighings at one moment the one with the greater id counts."""

    def __init__(self, measurements: Iterable[Weighing] = ()) -> None:
        weighed = sorted((row.measured_at, row.measurement_id, row.weight_kg) for row in measurements if row.weight_kg)
        self._moments = [moment for moment, _, _ in weighed]
        self._weights = [weight for _, _, weight in weighed]

    def at(self, moment: datetime) -> Decimal | None:
        """The last weight in kg measured up to the moment; None where there was none yet."""
        found = bisect_right(self._moments, moment)
        return self._weights[found - 1] if found else None
