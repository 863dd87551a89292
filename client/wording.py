"""Numbers and names as people read them."""

import re
from decimal import Decimal

_BLANK = re.compile(r"[\t\n\v\f\r\x85\u2028\u2029]+")
# Whatever else steers a terminal: the control codes, and the marks that turn the direction of writing.
_STEERING = re.compile(r"[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def harmless(text: str) -> str:
    """One line that a terminal only shows, whoever wrote the text."""
    return _STEERING.sub("\ufffd", _BLANK.sub(" ", text))


def amount(value: Decimal | None, places: int = 2) -> str:
    """A number without zeros at its end."""
    if value is None:
        return ""
    text = f"{value:.{places}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


RECORDS = {
    "load": "heaviest load",
    "reps_at_load": "most reps at this load",
    "e1rm": "estimated one-rep max",
    "set_volume": "volume in a set",
    "session_volume": "volume in a workout",
    "duration": "longest time",
    "distance": "longest distance",
}
"""What the kinds of records are called."""


def words(name: str) -> str:
    """A stored name as people read it: `in_progress` as `in progress`."""
    return name.replace("_", " ")


def counted(count: int, one: str, many: str = "") -> str:
    """How many of them: `1 set`, `3 sets`; `many` where it is more than an s at the end."""
    return f"{count} {one if count == 1 else many or f'{one}s'}"


def _on_a_clock(seconds: Decimal | int) -> tuple[int, int, int]:
    minutes, rest = divmod(int(seconds), 60)
    return (*divmod(minutes, 60), rest)


def exact_duration(seconds: Decimal | int) -> str:
    """As a stopwatch shows it: `40 s`, `25:42 min`, `1:02:30 h`."""
    hours, minutes, rest = _on_a_clock(seconds)
    if not rest or not (hours or minutes):
        return duration(seconds)
    return f"{hours}:{minutes:02d}:{rest:02d} h" if hours else f"{minutes}:{rest:02d} min"


def duration(seconds: Decimal | int | None) -> str:
    """About how long: seconds only of what is short."""
    if seconds is None:
        return ""
    hours, minutes, rest = _on_a_clock(seconds)
    if hours:
        return f"{hours} h {minutes:02d} min"
    return f"{minutes} min" if not rest or minutes >= 10 else f"{minutes}:{rest:02d} min" if minutes else f"{rest} s"
