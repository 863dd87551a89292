"""Numbers as people read them."""

from decimal import Decimal


def amount(value: Decimal | None, places: int = 2) -> str:
    """A number without zeros at its end."""
    if value is None:
        return ""
    text = f"{value:.{places}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def counted(count: int, one: str, many: str = "") -> str:
    """How many of them: `1 set`, `3 sets`; `many` where it is more than an s at the end."""
    return f"{count} {one if count == 1 else many or f'{one}s'}"


def duration(seconds: Decimal | int | None) -> str:
    if seconds is None:
        return ""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes:02d} min"
    return f"{minutes} min" if not rest or minutes >= 10 else f"{minutes}:{rest:02d} min" if minutes else f"{rest} s"
