"""`from` and `to`: times, days and weeks; cursors belong to their lists."""

from datetime import UTC, date, datetime

import pytest

from services.projector.api.bounds import between, moment, weeks_between
from services.projector.api.paging import cursor_at, part, place
from shared.errors import InvalidRequest


def test_a_day_is_taken_whole() -> None:
    assert between("started_at", "2026-11-21", "2026-11-21") == [
        ("started_at >= $", datetime(2026, 11, 21, tzinfo=UTC)),
        ("started_at <= $", datetime(2026, 11, 21, 23, 59, 59, 999_000, tzinfo=UTC)),
    ]


def test_a_time_is_taken_with_its_offset() -> None:
    assert moment("as_of", "2026-11-21T10:00:00+02:00") == datetime(2026, 11, 21, 8, tzinfo=UTC)


@pytest.mark.parametrize("text", ["", "soon", "2026-11-21T10:00:00", "2026-02-30", "0001-01-01T00:00:00+14:00"])
def test_what_is_no_moment_is_named(text: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        between("started_at", text, None)

    assert refused.value.extra["field"] == "from"


def test_weeks_that_share_a_day_with_the_range() -> None:
    assert weeks_between("2026-11-21", "2026-W47") == [
        ("week_start > $", date(2026, 11, 14)),
        ("week <= $", "2026-W47"),
    ]


def test_the_first_days_of_the_calendar_are_days() -> None:
    assert weeks_between("0001-01-01", "0001-01-01") == [
        ("week_start > $", date(1, 1, 1)),
        ("week_start <= $", date(1, 1, 1)),
    ]


def test_a_list_made_in_one_go_is_read_part_by_part() -> None:
    numbers, cursor = list(range(7)), None
    read: list[int] = []
    while True:
        shown, cursor = part(numbers, "numbers", cursor, 3)
        read += shown
        if cursor is None:
            break

    assert read == numbers


@pytest.mark.parametrize("cursor", ["", "!", cursor_at("others", [3]), cursor_at("numbers", [3, 4]), "bnVsbA"])
def test_a_cursor_of_another_list_is_refused(cursor: str) -> None:
    with pytest.raises(InvalidRequest):
        place(cursor, "numbers", 1)
