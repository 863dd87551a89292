"""How long the slow ones took, of anything that is measured many times."""

from collections.abc import Sequence


def percentile(measured: Sequence[float], percent: int) -> float:
    """What so many of a hundred stay below; 0 where nothing was measured."""
    ordered = sorted(measured)
    return ordered[min(len(ordered) - 1, len(ordered) * percent // 100)] if ordered else 0


def percentiles(measured: Sequence[float], digits: int) -> dict[str, float | None]:
    """The median and the 99th percentile, rounded; None without any measurement."""
    return {f"p{percent}": round(percentile(measured, percent), digits) if measured else None for percent in (50, 99)}
