"""What is read of a record's headers, whatever others have put there, and how unhurried consumers pace themselves."""

import pytest

from shared.kafka import CORRELATION, Headers, Record, rest_after


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ((), ""),
        (((CORRELATION, b"a"),), "a"),
        ((("other", b"b"), (CORRELATION, b"a"), (CORRELATION, b"later")), "a"),
        (((CORRELATION, None),), ""),
        (((CORRELATION, b"\xff"),), "\ufffd"),
    ],
)
def test_a_header_is_its_text_and_nothing_where_it_says_nothing(headers: Headers, expected: str) -> None:
    assert Record("topic", 0, 0, b"", b"", headers).header(CORRELATION) == expected


@pytest.mark.parametrize(
    ("took", "backlog", "expected"),
    [(0.0, True, 0.0), (0.2, True, 0.2), (9.0, True, 0.5), (0.0, False, 1.0), (0.2, False, 0.8), (9.0, False, 0.5)],
)
def test_an_unhurried_consumer_gathers_for_a_second_unless_more_is_waiting(
    took: float, backlog: bool, expected: float
) -> None:
    assert rest_after(took, backlog=backlog) == pytest.approx(expected)
