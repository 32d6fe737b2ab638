"""Charts are drawn so that they can be read aloud, hold no style of their own, and never leave their frame."""

from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as some
from markupsafe import Markup

from shared.web.pages import charts
from shared.web.pages.charts import Bar, Tick, nice_ceiling, ticks_to

BARS = (Bar("sep", 3, "3"), Bar("okt", 0, "0"), Bar("nov", 8, "8", is_to_come=True))
TICKS = (Tick(0, "0"), Tick(5, "5"), Tick(10, "10"))
amounts = some.lists(some.integers(0, 10**9), min_size=1, max_size=60)


def read(chart: Markup) -> ET.Element:
    return ET.fromstring(chart)  # noqa: S314 - what we have drawn ourselves


def drawn(chart: Markup, kind: str) -> list[ET.Element]:
    return [part for part in read(chart).iter("rect") if kind in str(part.get("class")).split()]


def width_of(part: ET.Element) -> float:
    return float(str(part.get("width")))


def frame_of(chart: Markup) -> tuple[float, float]:
    _, _, width, height = map(float, str(read(chart).get("viewBox")).split())
    return width, height


CHARTS = {
    "columns": charts.columns("c", "Persons", "by month", BARS, TICKS),
    "rows": charts.rows("r", "Employers", "by municipality", BARS),
    "progress": charts.progress("p", "Persons", "12 of 40", share=0.3, elapsed=0.5),
}


@pytest.mark.parametrize("chart", CHARTS.values(), ids=CHARTS)
def test_a_chart_is_named_and_described_for_those_who_do_not_see_it(chart: Markup) -> None:
    drawing = read(chart)
    assert drawing.get("role") == "img"
    named = str(drawing.get("aria-labelledby")).split()
    told = {part.get("id"): part.text for part in drawing}
    assert all(told[name] for name in named)
    assert len(named) == 2


@pytest.mark.parametrize("chart", CHARTS.values(), ids=CHARTS)
def test_a_chart_has_no_style_of_its_own(chart: Markup) -> None:
    used = {name for part in read(chart).iter() for name in part.attrib}
    assert not used & {"style", "fill", "stroke"}
    assert not any(name.startswith("on") for name in used)


def test_a_name_is_never_markup() -> None:
    chart = charts.rows("r", "<b>", "&", [Bar("<script>", 1, '"1"')])
    assert "<script>" not in chart
    assert next(read(chart).iter("text")).text == "<script>"


def test_what_is_to_come_is_told_apart_and_nothing_is_drawn_of_nothing() -> None:
    assert len(drawn(CHARTS["columns"], "chart-bar")) == 2
    assert len(drawn(CHARTS["columns"], "is-to-come")) == 1


def test_columns_are_as_tall_as_their_values() -> None:
    three, eight = drawn(CHARTS["columns"], "chart-bar")
    assert float(str(eight.get("height"))) / float(str(three.get("height"))) == pytest.approx(8 / 3, abs=0.01)


@pytest.mark.parametrize(("share", "expected"), [(0, None), (0.25, 0.25), (1, 1), (1.7, 1)])
def test_progress_fills_the_bar_and_no_more(share: float, expected: float | None) -> None:
    chart = charts.progress("p", "Persons", "so many", share=share, elapsed=None)
    bars = drawn(chart, "chart-bar")
    whole = width_of(drawn(chart, "chart-track")[0])
    assert [width_of(bar) / whole for bar in bars] == ([] if expected is None else [pytest.approx(expected)])
    assert not list(read(chart).iter("line"))


@pytest.mark.parametrize("elapsed", [0, 0.5, 1])
def test_the_time_elapsed_is_marked_within_the_bar(elapsed: float) -> None:
    chart = charts.progress("p", "Persons", "so many", share=0.5, elapsed=elapsed)
    (mark,) = read(chart).iter("line")
    assert 0 < float(str(mark.get("x1"))) < frame_of(chart)[0]


@given(values=amounts)
def test_a_ceiling_is_round_and_not_below_what_is_under_it(values: list[int]) -> None:
    ceiling = nice_ceiling(max(values))
    assert ceiling >= max(*values, 1)
    assert str(ceiling).rstrip("0") in ("1", "2", "5")
    assert ceiling <= max(1, 5 * max(values))
    ticks = ticks_to(ceiling)
    assert (ticks[0], ticks[-1]) == (0, ceiling)


@given(values=amounts)
def test_nothing_leaves_the_frame(values: list[int]) -> None:
    ceiling = nice_ceiling(max(values))
    bars = [Bar(str(number), value, str(value)) for number, value in enumerate(values)]
    ticks = [Tick(value, str(value)) for value in ticks_to(ceiling)]
    for chart in (charts.columns("c", "t", "d", bars, ticks), charts.rows("r", "t", "d", bars)):
        width, height = frame_of(chart)
        for part in read(chart).iter("rect"):
            left, top = float(str(part.get("x"))), float(str(part.get("y")))
            assert left >= 0
            assert top >= 0
            assert left + width_of(part) <= width + 0.1
            assert top + float(str(part.get("height"))) <= height + 0.1


def test_of_many_columns_a_few_are_named() -> None:
    bars = [Bar(f"m{number}", 1, "1") for number in range(36)]
    names = [part.text for part in read(charts.columns("c", "t", "d", bars, TICKS)).iter("text")]
    assert 3 <= len([name for name in names if str(name).startswith("m")]) <= 7
