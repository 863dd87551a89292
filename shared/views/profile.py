"""The profile: who trains, and by which calendar and units."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import ClassVar

from shared.domains.profile.events import Sex, UnitSystem
from shared.domains.workouts.weeks import MONDAY, Calendar
from shared.fold import Entity
from shared.views.rows import Row


@dataclass(frozen=True, slots=True)
class ProfileRow(Row):
    """A user has one at most. `week_start` is an ISO weekday; what was never said is None."""

    KEY: ClassVar = ()

    sex: Sex | None = None
    birth_date: date | None = None
    height_cm: Decimal | None = None
    time_zone: str | None = None
    unit_system: UnitSystem | None = None
    week_start: int | None = None

    @property
    def calendar(self) -> Calendar:
        """Weeks in the user's time zone, else UTC, from the user's first day of the week, else Monday."""
        return Calendar(self.time_zone or "UTC", self.week_start or MONDAY)

    @property
    def reach(self) -> tuple[Calendar, Sex | None, Decimal | None]:
        """What rows of other views follow from."""
        return self.calendar, self.sex, self.height_cm


BLANK_PROFILE = ProfileRow()


def profile_row(entity: Entity | None) -> ProfileRow:
    """The user's profile; blank where nothing was said yet."""
    if entity is None:
        return BLANK_PROFILE
    return ProfileRow(
        sex=entity.value("sex"),
        birth_date=entity.value("birth_date"),
        height_cm=entity.value("height"),
        time_zone=entity.value("time_zone"),
        unit_system=entity.value("unit_system"),
        week_start=entity.value("week_start"),
    )
