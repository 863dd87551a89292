"""Times as people type them."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from client.clock import FarAhead, UnreadableTime, read_past_time, read_time

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("18:30", datetime(2026, 11, 21, 17, 30, tzinfo=UTC)),
        ("10 min ago", NOW - timedelta(minutes=10)),
        ("2026-07-01 18:30", datetime(2026, 7, 1, 16, 30, tzinfo=UTC)),
        ("2026-11-21T18:30+05:00", datetime(2026, 11, 21, 13, 30, tzinfo=UTC)),
    ],
)
def test_a_time_is_one_of_the_zone(text: str, expected: datetime) -> None:
    assert read_time(text, BERLIN, NOW) == expected


@pytest.mark.parametrize("text", ["", "soon", "25:00", "2026-13-01", "0001-01-01", "99999999999 d ago"])
def test_what_is_no_time_is_refused_with_examples(text: str) -> None:
    with pytest.raises(UnreadableTime, match="write 18:30"):
        read_time(text, BERLIN, NOW)


def test_an_hour_that_is_far_ahead_was_yesterdays() -> None:
    just_after_midnight = datetime(2026, 11, 21, 0, 16, tzinfo=BERLIN)
    assert read_past_time("23:59", BERLIN, just_after_midnight) == datetime(2026, 11, 20, 23, 59, tzinfo=BERLIN)
    assert read_past_time("00:20", BERLIN, just_after_midnight) == datetime(2026, 11, 21, 0, 20, tzinfo=BERLIN)


def test_what_was_done_is_at_most_a_day_ahead() -> None:
    assert read_past_time("2026-11-22 12:00", BERLIN, NOW) > NOW
    with pytest.raises(FarAhead, match="has been done"):
        read_past_time("2026-11-22 14:00", BERLIN, NOW)
