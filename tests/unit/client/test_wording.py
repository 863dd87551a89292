"""Numbers and names as people read them."""

import pytest

from client.wording import counted, harmless, words


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Push – 5×5 💪", "Push – 5×5 💪"),
        ("two\r\nlines\tand a tab", "two lines and a tab"),
        ("\x1b[31mred", "\ufffd[31mred"),
        ("\x9b31mred", "\ufffd31mred"),
        ("\u202egnal", "\ufffdgnal"),
    ],
)
def test_text_cannot_steer_a_terminal(text: str, expected: str) -> None:
    assert harmless(text) == expected


def test_stored_names_are_read_as_words() -> None:
    assert words("in_progress") == "in progress"


def test_one_is_told_from_many() -> None:
    assert (counted(1, "set"), counted(0, "set"), counted(19, "set")) == ("1 set", "0 sets", "19 sets")
    assert counted(2, "entry", "entries") == "2 entries"
    assert f"{counted(1, 'event waits', 'events wait')} safely" == "1 event waits safely"
