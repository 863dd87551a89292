"""Pages of lists, and the cursors between them."""

from uuid import UUID

import pytest

from shared.errors import InvalidRequest
from shared.http import encode_cursor, page_of, paged, read_cursor


def pages(rows: list[int], limit: int) -> list[list[int]]:
    """A list of rows greater than the place, as a store would give them, page by page."""
    found, cursor = [], None
    while True:
        after = read_cursor(cursor, int) or 0
        page = page_of([row for row in rows if row > after][: limit + 1], limit, lambda row: row)
        found.append(page.items)
        if (cursor := page.next_cursor) is None:
            return found


@pytest.mark.parametrize(
    ("rows", "expected"),
    [([], [[]]), ([1, 2], [[1, 2]]), ([1, 2, 3], [[1, 2], [3]]), ([1, 2, 3, 4], [[1, 2], [3, 4]])],
)
def test_pages_hold_everything_once_and_the_last_is_not_empty(rows: list[int], expected: list[list[int]]) -> None:
    assert pages(rows, 2) == expected


def test_a_list_begins_where_there_is_no_cursor() -> None:
    assert read_cursor(None, UUID) is None
    assert paged([1, 2, 3], None, 2).items == [1, 2]


@pytest.mark.parametrize("cursor", ["", "nonsense", encode_cursor(["another", "list"]), encode_cursor(None)])
def test_what_is_no_cursor_of_the_list_is_refused(cursor: str) -> None:
    with pytest.raises(InvalidRequest, match="cursor"):
        read_cursor(cursor, UUID)
