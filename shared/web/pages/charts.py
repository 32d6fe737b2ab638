"""Charts drawn as SVG: geometry in attributes, colour by class, so that the content policy needs no inline style.

A chart tells nothing alone: each has a title and a description that are read aloud, and stands beside a table of the
same figures. Texts are given in the reader's language.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, log10
from typing import Final

from markupsafe import Markup

_WIDTH: Final = 360
_HEIGHT: Final = 190
_LEFT: Final = 44
_RIGHT: Final = 8
_TOP: Final = 12
_BOTTOM: Final = 26
_MOST_LABELS: Final = 7
_ROW: Final = 34
_BAR: Final = 10
_STEPS: Final = (1, 2, 5, 10)


@dataclass(frozen=True, slots=True)
class Bar:
    """One value: its name, how much it is, how that is written, and whether it is still to come."""

    name: str
    value: float
    shown: str
    is_to_come: bool = False


@dataclass(frozen=True, slots=True)
class Tick:
    """A line across a chart, and what is written at it."""

    value: float
    shown: str


def nice_ceiling(most: float) -> int:
    """Return a round number (1, 2, 5, 10, 20, 50, …) that is at least `most`."""
    if most <= 1:
        return 1
    scale = int(10.0 ** int(log10(most)))
    return next(step * scale for step in _STEPS if step * scale >= most)


def ticks_to(ceiling: int) -> tuple[int, ...]:
    """Return where lines are drawn up to a ceiling: nothing, half of it where that is whole, and all."""
    return (0, ceiling // 2, ceiling) if ceiling % 2 == 0 else (0, ceiling)


def columns(name: str, title: str, description: str, bars: Sequence[Bar], ticks: Sequence[Tick]) -> Markup:
    """Return upright bars side by side, as for months. `ticks` go from nothing to the top; `name` is the chart's id."""
    top = ticks[-1].value
    floor = _HEIGHT - _BOTTOM
    height = floor - _TOP
    pitch = (_WIDTH - _LEFT - _RIGHT) / max(len(bars), 1)
    parts = [_tick(tick, floor - height * tick.value / top) for tick in ticks]
    every = ceil(len(bars) / _MOST_LABELS)
    for number, bar in enumerate(bars):
        tall = height * min(bar.value, top) / top
        left = _LEFT + number * pitch
        if tall:
            parts.append(_rect(left + pitch * 0.15, floor - tall, pitch * 0.7, tall, _bar_class(bar)))
        if number % every == 0:
            parts.append(_text(left + pitch / 2, floor + 17, bar.name, "middle"))
    return _svg(name, title, description, _HEIGHT, parts)


def rows(name: str, title: str, description: str, bars: Sequence[Bar]) -> Markup:
    """Return lying bars below one another, each with its name and value written above it."""
    most = max([bar.value for bar in bars if bar.value > 0], default=1)
    parts = []
    for number, bar in enumerate(bars):
        top = number * _ROW
        parts.append(_text(0, top + 14, bar.name, "start"))
        parts.append(_text(_WIDTH, top + 14, bar.shown, "end"))
        parts.append(_rect(0, top + 20, _WIDTH, _BAR, "chart-track"))
        if bar.value > 0:
            parts.append(_rect(0, top + 20, _WIDTH * bar.value / most, _BAR, _bar_class(bar)))
    return _svg(name, title, description, max(len(bars), 1) * _ROW, parts)


def progress(name: str, title: str, description: str, *, share: float, elapsed: float | None) -> Markup:
    """Return how much of a target is reached, with a mark where the time elapsed would have it; both from 0 to 1.

    What goes beyond the target fills the bar: by how much is told beside it.
    """
    parts = [_rect(0, 6, _WIDTH, 14, "chart-track")]
    if share > 0:
        parts.append(_rect(0, 6, _WIDTH * min(share, 1), 14, "chart-bar"))
    if elapsed is not None:
        at = min(max(_WIDTH * elapsed, 1.5), _WIDTH - 1.5)
        parts.append(Markup('<line class="chart-now" x1="{0}" x2="{0}" y1="0" y2="26"></line>').format(_number(at)))
    return _svg(name, title, description, 26, parts)


def _svg(name: str, title: str, description: str, height: int, parts: Sequence[Markup]) -> Markup:
    return Markup(
        '<svg class="chart" id="{name}" viewBox="0 0 {width} {height}" role="img" '
        'aria-labelledby="{name}-title {name}-description">'
        '<title id="{name}-title">{title}</title><desc id="{name}-description">{description}</desc>{parts}</svg>'
    ).format(name=name, width=_WIDTH, height=height, title=title, description=description, parts=Markup("").join(parts))


def _tick(tick: Tick, at: float) -> Markup:
    line = Markup('<line class="chart-line" x1="{}" x2="{}" y1="{y}" y2="{y}"></line>').format(
        _LEFT, _WIDTH - _RIGHT, y=_number(at)
    )
    return line + _text(_LEFT - 6, at + 4, tick.shown, "end")


def _rect(left: float, top: float, width: float, height: float, kind: str) -> Markup:
    return Markup('<rect class="{}" x="{}" y="{}" width="{}" height="{}" rx="1.5"></rect>').format(
        kind, _number(left), _number(top), _number(width), _number(height)
    )


def _text(left: float, top: float, text: str, anchor: str) -> Markup:
    return Markup('<text x="{}" y="{}" text-anchor="{}">{}</text>').format(_number(left), _number(top), anchor, text)


def _bar_class(bar: Bar) -> str:
    return "chart-bar is-to-come" if bar.is_to_come else "chart-bar"


def _number(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".")
