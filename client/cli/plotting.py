"""A series over time as a line in the terminal."""

from collections.abc import Sequence
from datetime import date, timedelta

import plotext

_TICKS = 5


def plot(title: str, points: Sequence[tuple[date, float]], width: int = 90, height: int = 16) -> str:
    """The drawing as lines of text, without colours. `points` are by day, oldest first, and at least one."""
    first = points[0][0]
    days = [(day - first).days for day, _ in points]
    figure = plotext.figure
    figure.clear()
    figure.plot_size(width, height)
    figure.title(title)
    figure.draw(figure.signal(days, [value for _, value in points]).lines())
    places = sorted({days[-1] * step // (_TICKS - 1) for step in range(_TICKS)})
    figure.ruler("x").ticks(places, [(first + timedelta(days=place)).isoformat() for place in places])
    return str(plotext.uncolorize(str(figure.build())))
