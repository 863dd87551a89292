"""Numbers and names as people read them."""

import pytest

from client.wording import counted, exact_duration, harmless, words


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


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [(40, "40 s"), (90, "1:30 min"), (1500, "25 min"), (1542, "25:42 min"), (3720, "1 h 02 min"), (3750, "1:02:30 h")],
)
def test_what_a_stopwatch_said_keeps_its_seconds(seconds: int, expected: str) -> None:
    assert exact_duration(seconds) == expected


def test_stored_names_are_read_as_words() -> None:
    assert words("in_progress") == "in progress"


def test_one_is_told_from_many() -> None:
    assert (counted(1, "set"), counted(0, "set"), counted(19, "set")) == ("1 set", "0 sets", "19 sets")
    assert counted(2, "entry", "entries") == "2 entries"
    assert f"{counted(1, 'event waits', 'events wait')} safely" == "1 event waits safely"
