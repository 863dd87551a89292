"""The one JSON form that digests are made of (law 9)."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.digests import _canonical, canonical_json

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.text()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.floats(-0.001, 0.001)
    | st.decimals(allow_nan=False, allow_infinity=False, places=3)
)
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=15)


@given(VALUES)
def test_the_fast_way_writes_what_the_plain_one_does(value: Any) -> None:
    assert canonical_json(value) == _canonical(value)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (100.0, "100"),
        (-0.0, "0"),
        (0.000001, "0.000001"),
        (1e20, "100000000000000000000"),
        (Decimal("1.50"), "1.5"),
        ("100.0,", '"100.0,"'),
        ({"b": 1.0, "a": [2.50, True]}, '{"a":[2.5,true],"b":1}'),
        (datetime(2026, 1, 2, 3, 4, 5, 678_900, UTC), '"2026-01-02T03:04:05.678Z"'),
    ],
)
def test_numbers_are_plain_and_times_in_milliseconds(value: Any, text: str) -> None:
    assert canonical_json(value) == text
