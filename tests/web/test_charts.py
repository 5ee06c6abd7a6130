"""Charts as data and as the server draws them: nothing in a name is more than text, and bars stay in their box."""

import msgspec

from bot.web.charts import Chart, Charts, Series
from tests.web.plans import TRICKS


def chart() -> Chart:
    series = (Series(name=TRICKS[0], values=(1, 0, 3)), Series(name="b", values=(1, 0, 1), colour="done"))
    return Chart(name="c", labels=("x", "y", '<a href="https://evil.example">z</a>'), series=series, unit="$")


def test_plotly_finds_no_html_in_a_name() -> None:
    data = chart().data
    assert "<" not in data
    read = msgspec.json.decode(data)
    assert read["series"][0]["name"] == TRICKS[0].replace("<", "\N{SINGLE LEFT-POINTING ANGLE QUOTATION MARK}")
    assert read["series"][0]["values"] == [1, 0, 3]


def test_bars_stand_on_each_other_and_the_highest_is_as_high_as_there_is_room() -> None:
    first, second, third, fourth = chart().bars
    assert (first.height, second.height) == (22, 22)
    assert second.y == first.y - 22
    assert third.height + fourth.height == 88
    assert chart().top == "$4.00"
    assert [text for _, text in chart().marks] == list(chart().labels)
    empty = Chart(name="c", labels=("x",), series=(Series(name="a", values=(0,)),))
    assert list(empty.bars) == []


def test_the_script_is_that_of_the_package() -> None:
    assert Charts().name.startswith("plotly-")
