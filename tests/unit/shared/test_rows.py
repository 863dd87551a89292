"""Rows survive their JSON form: what was stored as content is the row again."""

from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter

from shared.digests import canonical_json
from shared.fold import fold
from shared.views.whole import rows_of
from tests.histories import history


@settings(deadline=None, max_examples=20)
@given(st.integers(0, 10_000), st.integers(1, 150))
def test_a_row_is_its_content(seed: int, events: int) -> None:
    state = fold(event.recorded() for event in history(seed, events).received)

    for rows in rows_of(state).values():
        for row in rows:
            again = TypeAdapter(type(row)).validate_json(canonical_json(row.content()))
            assert again == row
            assert again.content() == row.content()


@settings(deadline=None, max_examples=20)
@given(st.integers(0, 10_000), st.integers(1, 150))
def test_keys_tell_rows_apart(seed: int, events: int) -> None:
    state = fold(event.recorded() for event in history(seed, events).received)

    for rows in rows_of(state).values():
        assert len({row.key for row in rows}) == len(rows)
