"""The one pass writes what the two passes of the contract write."""

from dataclasses import dataclass
from datetime import UTC
from decimal import Decimal
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.projector.views.text import text_of
from shared.digests import canonical_json
from shared.fold import fold
from shared.views.rows import Row
from shared.views.whole import rows_of
from tests.histories import history


@dataclass(frozen=True, slots=True)
class Anything(Row):
    KEY: ClassVar = ()

    zulu: Any
    alpha: Any


NUMBERS = st.decimals(allow_nan=False, allow_infinity=False, places=6, min_value=-(10**14), max_value=10**14)
MOMENTS = st.datetimes(timezones=st.sampled_from((UTC, ZoneInfo("Asia/Kolkata"))))
VALUES = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text() | NUMBERS | MOMENTS | st.uuids()


@given(VALUES, VALUES | st.lists(VALUES) | st.dictionaries(st.text(), VALUES))
def test_any_value_is_written_as_canonical_json_writes_it(first: Any, second: Any) -> None:
    row = Anything(first, second)

    assert text_of(row) == canonical_json(row.content())


@pytest.mark.parametrize("value", [Decimal("0.00001"), Decimal("1E+20"), Decimal("-0.5"), Decimal("1.50"), Decimal(0)])
def test_small_and_great_numbers_are_written_without_exponents(value: Decimal) -> None:
    assert text_of(Anything(value, None)) == canonical_json(Anything(value, None).content())


@pytest.mark.parametrize("seed", range(5))
def test_rows_of_a_lifelike_history(seed: int) -> None:
    for found in rows_of(fold(event.recorded() for event in history(seed).received)).values():
        for row in found:
            assert text_of(row) == canonical_json(row.content())
