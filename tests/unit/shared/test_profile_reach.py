"""What of a profile other rows follow from: a change of anything else must leave them as they are."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest

from shared.domains.profile.events import ProfileUpdated, Sex, UnitSystem
from shared.domains.profile.fold import PROFILE_ID
from shared.fold import Recorded, State, evolve, fold
from shared.views.profile import profile_row
from shared.views.whole import rows_of
from tests.histories import history

FIELDS: dict[str, Any] = {
    "sex": Sex.FEMALE,
    "height": Decimal(201),
    "time_zone": "Pacific/Apia",
    "week_start": 4,
    "birth_date": date(1990, 1, 1),
    "unit_system": UnitSystem.IMPERIAL,
}
REACHING = {"sex", "height", "time_zone", "week_start"}


def others(state: State) -> dict[str, set[str]]:
    """All rows but the profile's, and the conflicts about it."""
    return {
        name: set(map(repr, found)) for name, found in rows_of(state).items() if name not in ("profile", "conflicts")
    }


@pytest.mark.parametrize("field", FIELDS)
def test_just_what_reaches_other_rows_counts(field: str) -> None:
    past = history(31, events=300)
    before = fold(event.recorded() for event in past.received)
    at = past.received[-1].occurred_at + timedelta(days=400)
    said = Recorded(ProfileUpdated(**{field: FIELDS[field]}), uuid4(), uuid4(), 1, at, {})

    now = evolve(before, said)

    key = ("profile", PROFILE_ID)
    reaches = profile_row(now[key]).reach != profile_row(before.get(key)).reach
    assert reaches == (field in REACHING)
    assert reaches or others(now) == others(before)
