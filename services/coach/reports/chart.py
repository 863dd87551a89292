"""A bar chart as SVG, without scripts, fonts or anything fetched."""

from collections.abc import Sequence
from html import escape

WIDTH, HEIGHT, TOP, BOTTOM = 480, 220, 36, 190


def bar_chart(title: str, bars: Sequence[tuple[str, float]]) -> str:
    """`bars` are `(label, value)`; the tallest fills the height, and each says its value."""
    most = max((value for _, value in bars), default=0) or 1
    step = WIDTH / max(1, len(bars))
    drawn = "".join(_bar(number, step, label, value, value / most) for number, (label, value) in enumerate(bars))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
        f'font-family="sans-serif" font-size="11" text-anchor="middle"><title>{escape(title)}</title>'
        f'<text x="{WIDTH / 2:g}" y="18" font-size="13">{escape(title)}</text>{drawn}'
        f'<line x1="0" y1="{BOTTOM}" x2="{WIDTH}" y2="{BOTTOM}" stroke="currentColor"/></svg>'
    )


def _bar(number: int, step: float, label: str, value: float, share: float) -> str:
    height = share * (BOTTOM - TOP - 14)
    middle = (number + 0.5) * step
    return (
        f'<rect x="{middle - step * 0.35:.1f}" y="{BOTTOM - height:.1f}" width="{step * 0.7:.1f}" '
        f'height="{height:.1f}" fill="#3b7dd8"/>'
        f'<text x="{middle:.1f}" y="{BOTTOM - height - 4:.1f}">{value:.0f}</text>'
        f'<text x="{middle:.1f}" y="{BOTTOM + 16}">{escape(label)}</text>'
    )
