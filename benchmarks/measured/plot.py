"""A plot as SVG, readable on light and dark pages: ratios over sizes on a logarithmic axis."""

from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

WIDTH, HEIGHT = 720, 360
LEFT, RIGHT, TOP, BOTTOM = 52, 250, 44, 44
COLOURS = ("#0969da", "#1a7f37", "#bc4c00", "#8250df", "#cf222e", "#1b7c83", "#9a6700", "#6e7781", "#bf3989", "#57606a")
"""Each has enough contrast on white and on black."""
STYLE = """
  text { font: 12px system-ui, sans-serif; fill: #1f2328 }
  .axis, .grid { stroke: #6e7781; fill: none }
  .grid { stroke-opacity: .35; stroke-dasharray: 3 4 }
  .line { fill: none; stroke-width: 2 }
  @media (prefers-color-scheme: dark) { text { fill: #e6edf3 } }
"""


def plot(title: str, sizes: Sequence[int], ratios: Mapping[str, Sequence[float]], *, unit: str, aim: float) -> str:
    """Return a plot with one line for each series; `aim` is a level that is marked."""
    top = max(aim, *(max(series) for series in ratios.values())) * 1.1
    scale = _Scale(sizes[0], sizes[-1], top)
    body = [f'<text x="{LEFT}" y="22" font-weight="600">{escape(title)}</text>']
    body += _axes(scale, sizes, unit, aim)
    places = _apart([scale.y(series[-1]) for series in ratios.values()])
    for (name, series), place, colour in zip(ratios.items(), places, COLOURS, strict=False):
        points = " ".join(f"{scale.x(size):.1f},{scale.y(one):.1f}" for size, one in zip(sizes, series, strict=True))
        body.append(f'<polyline class="line" stroke="{colour}" points="{points}"/>')
        body += [
            f'<circle r="3" fill="{colour}" cx="{x}" cy="{y}"/>' for x, y in (p.split(",") for p in points.split())
        ]
        x, y = WIDTH - RIGHT + 10, place + 4
        body.append(f'<circle r="4" fill="{colour}" cx="{x}" cy="{place:.1f}"/>')
        body.append(f'<text x="{x + 9}" y="{y:.1f}">{escape(name)}: {series[-1]:.2f}</text>')
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img">'
    return "\n".join([head, f"<title>{escape(title)}</title>", f"<style>{STYLE}</style>", *body, "</svg>", ""])


class _Scale:
    def __init__(self, first: int, last: int, top: float) -> None:
        self._first, self._decades, self.top = first, math.log10(last / first) or 1.0, top

    def x(self, size: int) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * math.log10(size / self._first) / self._decades

    def y(self, value: float) -> float:
        return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * value / self.top


def _axes(scale: _Scale, sizes: Sequence[int], unit: str, aim: float) -> Iterator[str]:
    left, right, low = LEFT, WIDTH - RIGHT, HEIGHT - BOTTOM
    yield f'<path class="axis" d="M{left} {TOP}V{low}H{right}"/>'
    step = next(each for each in (0.25, 0.5, 1, 2, 5, 10, 20, 50) if scale.top / each <= 8)  # noqa: PLR2004 - lines
    for level in (step * number for number in range(1, int(scale.top / step) + 1)):
        yield f'<path class="grid" d="M{left} {scale.y(level):.1f}H{right}"/>'
        yield f'<text x="{left - 6}" y="{scale.y(level) + 4:.1f}" text-anchor="end">{level:g}</text>'
    for size in sizes:
        yield f'<text x="{scale.x(size):.1f}" y="{low + 18}" text-anchor="middle">{size:,}</text>'
    yield f'<text x="{(left + right) / 2}" y="{low + 36}" text-anchor="middle">{escape(unit)}</text>'
    yield f'<path class="axis" stroke-dasharray="6 3" d="M{left} {scale.y(aim):.1f}H{right}"/>'
    yield f'<text x="{left + 6}" y="{scale.y(aim) - 5:.1f}">aim: at most {aim:g}</text>'


def _apart(places: Sequence[float], least: float = 18) -> list[float]:
    """Return places of labels that do not overlap, in the order of the series, each as near as can be."""
    order = sorted(range(len(places)), key=lambda number: places[number])
    moved = list(places)
    for before, after in itertools.pairwise(order):
        moved[after] = max(moved[after], moved[before] + least)
    over = moved[order[-1]] - (HEIGHT - BOTTOM)
    if over > 0:
        moved[order[-1]] -= over
        for after, before in itertools.pairwise(reversed(order)):
            moved[before] = min(moved[before], moved[after] - least)
    return moved
