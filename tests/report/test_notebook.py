"""What notebooks show holds names of the data as text alone."""

from __future__ import annotations

import html
import re
import sys
from itertools import cycle, repeat

import pandas as pd
import pytest
from hostile_names import PAYLOADS, read
from IPython.core.formatters import DisplayFormatter
from report_drawing import explored

from optimiser.report import page as pages
from optimiser.report.page import MapView


@pytest.mark.parametrize("payload", PAYLOADS)
def test_a_hostile_name_in_a_table_adds_no_tag_and_is_read_as_written(payload):
    def shown(name: str) -> str:
        return pages.heading(name, name) + pages.table(pd.DataFrame({name: [name, (name, 1)], "n": [1, 2]}))

    hostile, plain = read(shown(payload)), read(shown("Ada"))
    assert [tag for tag, _ in hostile.tags] == [tag for tag, _ in plain.tags]
    assert payload in hostile.text


def test_hostile_names_on_a_map_stay_within_its_frame_and_its_data():
    names = (repeat("Ada"), cycle([" ".join(PAYLOADS)]))
    frames = [MapView.of(explored(words))._repr_html_() for words in names]
    outer, plain = read(frames[1]), read(frames[0])
    assert [tag for tag, _ in outer.tags] == [tag for tag, _ in plain.tags] == ["iframe"]
    attributes = dict(outer.tags[0][1])
    assert attributes["sandbox"] == "allow-scripts"
    inner, honest = (read(dict(one.tags[0][1])["srcdoc"]) for one in (outer, plain))
    assert [tag for tag, _ in inner.tags] == [tag for tag, _ in honest.tags]


def test_the_map_alone_runs_its_own_scripts_by_hash_and_fetches_nothing(make, tmp_path):
    view = MapView.of(make("bc"), title="A <b>title</b>")
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', view.html).group(1)
    rules = dict(rule.split(" ", 1) for rule in html.unescape(policy).split("; "))
    assert rules["default-src"] == "'none'"
    assert all(source.startswith("'sha256-") for source in rules["script-src"].split())
    assert "<title>A &lt;b&gt;title&lt;/b&gt;</title>" in view.html
    assert view.save(tmp_path / "map.html").read_text(encoding="utf-8") == view.html


def test_cells_read_as_in_a_report():
    table = pages.table(
        pd.DataFrame({"a": [12345, None], "b": [True, False], "c": [0.25, float("nan")]}, dtype=object)
    )
    assert read(table).text == ["a", "b", "c", "12,345", "yes", "0.25", "–", "–"]


def test_what_is_beyond_the_last_row_is_counted():
    assert "and 3 more" in pages.table(pd.DataFrame({"a": range(5)}), most=2)


@pytest.mark.parametrize("payload", PAYLOADS)
def test_views_with_hostile_names_add_no_tag(payload):
    static = read(pages.views({payload: pd.DataFrame({payload: [payload]})})._repr_html_())
    allowed = {"details", "summary", "div", "style", "table", "thead", "tbody", "tr", "th", "td"}
    assert {tag for tag, _ in static.tags} <= allowed
    assert payload in static.text


def test_a_slider_shows_the_view_that_is_chosen():
    views = pages.views({"one": pd.DataFrame({"a": [1]}), "two": pd.DataFrame({"a": [2]})})
    choice, page = views.slider.children
    choice.value = 1
    assert page.value == views.pages[1]


def test_a_notebook_keeps_all_views_and_no_widget_that_readers_would_not_see():
    views = pages.views({"one": pd.DataFrame({"a": [1]}), "two": pd.DataFrame({"a": [2]})})
    kept, _ = DisplayFormatter().format(views)
    assert set(kept) == {"text/plain", "text/html"}
    assert kept["text/html"].count("<details") == 2


def test_without_widgets_the_slider_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "ipywidgets", None)
    with pytest.raises(ImportError, match=r"the package ipywidgets.*uv run --extra explore"):
        pages.views({"one": pd.DataFrame({"a": [1]})}).slider.close()


def test_nothing_to_view_is_refused():
    with pytest.raises(ValueError, match="at least one"):
        pages.views({})
