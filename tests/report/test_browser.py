"""The page in a browser: drawn without a network, explored by hand and by key, and deaf to hostile names."""

from __future__ import annotations

import base64
from dataclasses import replace
from itertools import cycle, islice

import pytest
from browser import SCREENSHOTS, browser, needs_browser
from hostile_names import PAYLOADS
from report_drawing import explored, many_links, stated, traced
from tiers import thinned

from optimiser.report import page
from optimiser.report.page import MapView

pytestmark = needs_browser

PLACE = """(name, at) => {
  const plot = Bokeh.documents[0].get_model_by_name("map");
  document.getElementById("map").scrollIntoView({block: "center"});
  const view = Bokeh.index.find_one(plot);
  const data = plot.renderers.find((one) => one.name === name).data_source.data;
  const box = view.el.getBoundingClientRect();
  const of = (column) => data[column][at][data[column][at].length >> 1];
  const [x, y] = data.xs ? [of("xs"), of("ys")] : [data.x[at], data.y[at]];
  const { x_scale, y_scale } = view.frame;
  return [box.left + x_scale.compute(x), box.top + y_scale.compute(y)];
}"""
"""Where on the screen a row of a part of the map is drawn."""

POINT = """(place) => {
  const curve = document.getElementById("curve");
  curve.scrollIntoView({block: "center"});
  const box = [...curve.querySelectorAll(".dot-all:not(.today)")][place].getBoundingClientRect();
  return [box.left + box.width / 2, box.top + box.height / 2];
}"""
"""Where on the screen a plan stands on the line of all pairs."""

PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mNkYAAAAAYAAjCB0C8AAAAASUVORK5CYII="
)
"""A PNG file of one pixel."""

PART = 'Bokeh.documents[0].get_model_by_name("map").renderers.find((one) => one.name === "{}").data_source'

WHERE = """(() => {
  let here = document.activeElement;
  while (here.shadowRoot?.activeElement) here = here.shadowRoot.activeElement;
  const shown = getComputedStyle(here);
  const seen = shown.outlineStyle !== "none" && shown.outlineWidth !== "0px";
  return [here.id || here.className || here.tagName, seen];
})()"""
"""What has the focus, and whether a reader sees that."""


@pytest.fixture(scope="module")
def tab(tmp_path_factory):
    with browser(tmp_path_factory.mktemp("browser")) as found:
        yield found


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return page.write(explored(), tmp_path_factory.mktemp("page") / "report.html")


def focus(tab, name):
    tab.value(f"document.querySelector('{name}').focus()")


def drawn_ranks(tab):
    return sorted({int(one) for one in tab.value(f"[...{PART.format('proposals-lines')}.data.rank]")})


def test_the_page_opens_from_disk_without_a_network_and_without_a_message(tab, path):
    tab.open(path)
    assert tab.messages == []
    assert [one for one in tab.requests if not one.startswith("data:")] == [path.as_uri()]


@pytest.mark.parametrize("width", [400, 1400])
def test_nothing_is_wider_than_the_page(width, tab, path):
    tab.open(path, width=width)
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    tab.picture(SCREENSHOTS / f"report-{width}.png")
    assert tab.value("document.documentElement.scrollWidth") == width
    outside = """[...document.body.querySelectorAll("*")]
      .filter((one) => !one.closest(".scroll, .matrix, #map"))
      .filter((one) => one.getBoundingClientRect().right > innerWidth + 1)
      .map((one) => one.outerHTML.slice(0, 80))"""
    assert tab.value(outside) == []


@pytest.mark.parametrize("width", [400, 800, 1400])
def test_all_text_is_read_without_a_glass_and_tables_fit_or_fold(width, tab, path):
    tab.open(path, width=width)
    small = """[...document.body.querySelectorAll("*")]
      .filter((one) => [...one.childNodes].some((node) => node.nodeType === 3 && node.data.trim()))
      .filter((one) => !one.closest("script") && parseFloat(getComputedStyle(one).fontSize) < 14)
      .map((one) => one.outerHTML.slice(0, 80))"""
    assert tab.value(small) == []
    wide = """[...document.querySelectorAll(".scroll")].filter((one) => one.scrollWidth > one.clientWidth + 1)
      .map((one) => one.querySelector("table").outerHTML.slice(0, 80))"""
    assert tab.value(wide) == []
    edge = """(() => { const table = document.getElementById("links");
      const cost = table.querySelector("[data-sum='1']").getBoundingClientRect();
      return cost.right <= table.closest(".scroll").getBoundingClientRect().right; })()"""
    assert tab.value(edge)


def test_numbers_on_the_map_keep_apart_and_return_where_there_is_room(tab, tmp_path):
    tab.open(page.write(many_links(), tmp_path / "report.html"), width=400)
    shown = f"""(() => {{ const source = {PART.format("proposals-badges")};
      const plot = Bokeh.documents[0].get_model_by_name("map");
      const scale = plot.inner_width / (plot.x_range.end - plot.x_range.start);
      const {{ x, y, alpha }} = source.data;
      const at = [...alpha.keys()].filter((i) => alpha[i]);
      const away = (i, k) => scale * Math.hypot(x[i] - x[k], y[i] - y[k]);
      const far = at.flatMap((i) => at.filter((k) => k < i).map((k) => away(i, k)));
      const cities = {PART.format("cities")}.data;
      const off = (i, k) => scale * Math.hypot(x[i] - cities.x[k], y[i] - cities.y[k]);
      for (const i of at) far.push(...[...cities.x.keys()].map((k) => 13 + off(i, k)));
      return [at.length, Math.min(...far)]; }})()"""
    few, near = tab.value(shown)
    assert near > 25
    tab.value("document.querySelector('#links [data-part=\"4\"]').click()")  # the map zooms in on its line
    tab.until(f"{shown}[0] > {few}")
    assert tab.value(shown)[1] > 25


def test_the_scale_bar_lies_below_the_map_and_hides_no_name(tab, path):
    tab.open(path, width=400)
    low = """(() => { const view = Bokeh.index.find_one(Bokeh.documents[0].get_model_by_name("map"));
      const scale = Bokeh.index.find_one(Bokeh.documents[0].get_model_by_name("scale"));
      return [view.frame.bbox.bottom, scale.bbox.top]; })()"""
    frame, scale = tab.value(low)
    assert scale >= frame


def test_arrow_keys_on_the_slider_change_links_ring_tiles_and_table(tab, path):
    tab.open(path)
    assert len(drawn_ranks(tab)) == 3
    assert tab.value(f"{PART.format('rings-whole-road')}.data.xs.length") == 1
    focus(tab, "#state")
    for left in (2, 1, 0):
        tab.press("ArrowLeft")
        assert len(drawn_ranks(tab)) == left
        for table in ("links", "order"):
            assert tab.value(f"document.querySelectorAll('#{table} tr.later').length") == 3 - left
    assert tab.value(f"{PART.format('rings-whole-road')}.data.xs.length") == 0
    assert tab.value("document.getElementById('state-spent').textContent") == "0"
    assert tab.value("document.querySelector('.state-pairs').textContent") == "3"
    assert "0 million CNY spent" in tab.value(
        "document.getElementById('state').getAttribute('aria-valuetext')"
    )
    tab.press("ArrowRight")
    assert tab.value("document.getElementById('state-spent').textContent") == "100"
    tab.press("ArrowRight")
    assert tab.value(f"[...{PART.format('cities')}.data.after]") != tab.value(
        f"[...{PART.format('cities')}.data.before]"
    )


def test_a_ring_is_one_step_of_the_build_order_with_its_gaps_as_text(tab, tmp_path):
    report = explored()
    (ring,) = report.rings
    pieces = ring.pieces.assign(candidate_id=["bc", "cd", *ring.pieces["candidate_id"][2:]])
    closed = replace(report, rings=(replace(ring, pieces=pieces),))
    tab.open(page.write(closed, tmp_path / "report.html"))
    rows = [[cell.split("\n") for cell in row[:5]] for row in table(tab, "order")]
    assert rows == [
        [[""], ["Today"], ["–"], ["0"], ["–"]],
        [["1–2"], ["Ring round Centre", "Bo – Cy; Cy – Di"], ["300"], ["300"], ["+3"]],
        [["3"], ["Ada – Bo", "gap closed"], ["10"], ["310"], ["+0"]],
    ]
    assert drawn_ranks(tab) == [1, 2, 3]
    focus(tab, "#order tbody tr:nth-child(2)")
    tab.press("Enter")
    assert tab.value("document.getElementById('state-spent').textContent") == "300"


def test_a_tap_on_a_link_finds_its_row(tab, path):
    tab.open(path)
    part = tab.value(f"{PART.format('proposals-lines')}.data.part[0]")
    tab.click(*tab.value(f"({PLACE})('proposals-lines', 0)"))
    tab.until("document.querySelectorAll('#links tr.chosen').length === 1")
    assert tab.value("document.querySelector('#links tr.chosen').dataset.part") == str(part)


def test_a_row_finds_its_link_even_before_it_is_built(tab, path):
    tab.open(path)
    focus(tab, "#state")
    for _ in range(3):
        tab.press("ArrowLeft")
    focus(tab, "#links tr[data-part]")
    tab.press("ArrowDown")
    tab.press("Enter")
    links = PART.format("proposals-lines")
    assert tab.value(f"[...{links}.selected.indices].map((i) => {links}.data.rank[i])") == ["2"]


def test_a_tap_on_a_city_shows_its_times_and_what_keeps_others_away(tab, path):
    tab.open(path)
    focus(tab, "#state")
    name = tab.value(f"{PART.format('cities')}.data.name[0]")
    tab.click(*tab.value(f"({PLACE})('cities', 0)"))
    tab.until("!document.getElementById('city-panel').hidden")
    text = tab.value("document.getElementById('city-panel').innerText")
    assert text.split("\n")[1] == name
    assert "newly within it" in text


def test_a_city_is_found_by_a_part_of_its_name_and_opens(tab, path):
    tab.open(path)
    rows = "[...document.querySelectorAll('#cities tbody tr')].filter((row) => row.offsetParent)"
    name, *others = tab.value(f"{rows}.map((row) => row.cells[0].firstChild.data)")
    tab.value(f"document.getElementById('find-city').value = '{name.upper()}'")
    for kind in ("input", "change"):
        tab.value(f"document.getElementById('find-city').dispatchEvent(new Event('{kind}'))")
    assert 1 <= tab.value(f"{rows}.length") <= len(others)
    assert tab.value("document.querySelector('#city-panel h3').textContent").startswith(name)


def test_the_matrix_tells_times_by_key_and_by_pointer(tab, path):
    tab.open(path)
    focus(tab, "#matrix")
    tab.press("ArrowRight")
    words = "document.getElementById('matrix-note').textContent"
    assert tab.value(words) == "Ada – Bo: 1:00 today, 1:00 with the plan, limit 4:00. Within it today."
    spot = """(() => { const canvas = document.getElementById("matrix");
      canvas.scrollIntoView({block: "center"});
      const box = canvas.getBoundingClientRect(); const side = Number(canvas.dataset.side);
      return [box.left + Number(canvas.dataset.left) + 3.5 * side, box.top + 0.5 * side]; })()"""
    tab.move(*tab.value(spot))
    assert tab.until(f"{words}.startsWith('Ada – Di') && {words}").endswith("Newly within it.")


def test_every_stop_of_the_tab_key_is_seen_and_all_controls_are_reached(tab, path):
    tab.open(path)
    stops = []
    for _ in range(400):
        tab.press("Tab")
        name, seen = tab.value(WHERE)
        if name == "BODY":
            break
        assert seen, name
        stops.append(name)
    order = ["state", "toggle", "map", "matrix"]
    assert sorted(order, key=stops.index) == order
    rows = "(id) => document.querySelectorAll(`#${id} tbody tr[tabindex='0']`).length"
    assert tab.value(f"['links', 'order', 'what-if', 'cities'].map({rows})") == [1, 1, 1, 1]


def test_a_heading_sorts_its_table_by_key(tab, path):
    tab.open(path)
    focus(tab, "#what-if thead th:nth-child(4)")
    tab.press("Enter")
    cells = "[...document.querySelectorAll('#what-if tbody td:nth-child({})')].map((one) => one.textContent)"
    assert tab.value(cells.format(4)) == ["2 of 2", "1 of 2", "0 of 2"]
    assert tab.value(cells.format(5)) == ["robust", "mixed", "fragile"]


def test_names_that_no_font_can_show_are_transliterated(tab, tmp_path):
    report = explored(cycle(["\u5317\u4eac", "\u5929\u6d25"]))
    tab.open(page.write(report, tmp_path / "report.html"))
    shown = tab.value("document.querySelector('#cities tbody th').textContent")
    assert shown in ("\u5317\u4eac", "BeiJing")
    assert shown == tab.value(f"{PART.format('labels-text')}.data.name[0]")
    looks = "(letter) => { const pen = document.createElement('canvas').getContext('2d');"
    looks += " pen.font = '24px sans-serif'; pen.fillText(letter, 4, 30);"
    looks += " return pen.getImageData(0, 0, 40, 40).data.join(); }"
    is_box = tab.value(f"({looks})('\u5317') === ({looks})('\U0010ffff')")
    assert (shown == "BeiJing") == is_box


def quiet(tab, path, title):
    tab.open(path)
    assert tab.messages == []
    assert tab.value("document.title").startswith(title)


@pytest.mark.parametrize("start", thinned(range(0, len(PAYLOADS), 4), 2))
def test_no_hostile_name_runs_on_the_page_or_on_a_map(start, tab, tmp_path):
    report = explored(islice(cycle(PAYLOADS), start, None))
    quiet(tab, page.write(report, tmp_path / "report.html"), report.region[:5])
    quiet(tab, MapView.of(report, title="quiet").save(tmp_path / "map.html"), "quiet")


def test_no_hostile_name_runs_in_a_frame_of_a_notebook(tab, tmp_path):
    frames = [MapView.of(explored(islice(cycle(PAYLOADS), start, None)))._repr_html_() for start in (0, 15)]
    path = tmp_path / "notebook.html"
    path.write_text(
        f"<!DOCTYPE html><meta charset=utf-8><title>quiet</title>{''.join(frames)}", encoding="utf-8"
    )
    tab.open(path, drawn=False)
    assert tab.value("document.title") == "quiet"
    assert tab.value("document.querySelectorAll('body > *').length") == 2


# ---- states


@pytest.fixture(scope="module")
def states(tmp_path_factory):
    return page.write(stated(), tmp_path_factory.mktemp("states") / "report.html")


def text(tab, name):
    return tab.value(f"document.getElementById('{name}').textContent")


def drawn(tab, name):
    return tab.value(f"{PART.format(name)}.data.part.length")


def table(tab, name):
    """Return the cells of the rows of a table that are not hidden."""
    cells = "(row) => [...row.cells].map((cell) => cell.innerText.trim())"
    return tab.value(
        f"[...document.querySelectorAll('#{name} tbody tr:not([hidden], .package)')].map({cells})"
    )


def names(tab, name):
    """Return what the rows of a table that are not hidden are called."""
    return [row[1].split("\n")[0] for row in table(tab, name)]


def switch(tab, choice):
    tab.value(f"document.querySelector('#choices input[value=\"{choice}\"]').click()")


@pytest.mark.parametrize("width", [400, 800, 1400])
def test_the_page_with_states_opens_without_a_message_and_fits(width, tab, states):
    tab.open(states, width=width)
    assert tab.messages == []
    assert [one for one in tab.requests if not one.startswith("data:")] == [states.as_uri()]
    assert tab.value("document.documentElement.scrollWidth") == width
    labels = """[...document.querySelectorAll("#curve text")].map((one) => one.getBoundingClientRect().right)
      .filter((right) => right > document.getElementById("curve").getBoundingClientRect().right + 1).length"""
    assert tab.value(labels) == 0


def test_the_switch_and_the_keys_change_links_rings_tiers_tables_and_sentence(tab, states):
    tab.open(states)
    assert text(tab, "answer").endswith("without costing a pair.")
    assert (drawn(tab, "rings-whole-road"), drawn(tab, "rings-left"), drawn(tab, "proposals-badges")) == (
        1,
        0,
        3,
    )
    switch(tab, "no ring")
    assert "can be closed" in text(tab, "plan-note")
    assert (drawn(tab, "rings-whole-road"), drawn(tab, "rings-left"), drawn(tab, "proposals-badges")) == (
        0,
        1,
        3,
    )
    assert tab.value("document.querySelector('[data-ring]').classList.contains('left-out')")
    focus(tab, "#curve")
    tab.press("ArrowLeft")
    assert names(tab, "order") == ["Today", "Bo – Cy", "Cy – Di"]
    assert names(tab, "links") == ["Bo – Cy", "Cy – Di"]
    assert text(tab, "figure-cost") == "300"
    assert "50 %" in text(tab, "figure-gap")
    tab.press("ArrowLeft")
    small = "document.querySelector('[data-tier=small] [data-after]').firstChild.data"
    assert (text(tab, "figure-pairs"), tab.value(small)) == ("3 → 3", "2")
    assert "Ada – Bo" in text(tab, "order")
    assert [row[0] for row in table(tab, "links")] == ["1"]  # numbered in the order of this plan
    switch(tab, "all rings")
    assert text(tab, "answer") == (
        "No plan with all rings for 40 million CNY: the least sum asked that has one is 320 million CNY."
    )
    assert (drawn(tab, "rings-left"), drawn(tab, "proposals-badges")) == (1, 0)
    tab.press("End")
    assert text(tab, "figure-pairs") == "3 → 6"


def test_packages_follow_the_plan_with_their_sums(tab, states):
    shown = """[...document.querySelectorAll("#links tbody:not([hidden]) .package")]
      .map((row) => [row.cells[1], ...row.querySelectorAll("[data-sum]")])
      .map((cells) => cells.map((one) => one.innerText.trim()))"""
    tab.open(states)
    assert tab.value(shown) == [["Ring round Centre", "100", "0"], ["Lines and roads", "210", "3"]]
    switch(tab, "no ring")
    open_ring = "Ring round Centre\nuseful without it: this plan does not close it"
    assert tab.value(shown) == [[open_ring, "100", "0"], ["Lines and roads", "210", "3"]]
    focus(tab, "#curve")
    tab.press("Home")
    assert tab.value(shown) == [["Lines and roads", "10", "0"]]


def test_twenty_proposals_are_shown_until_a_reader_asks_for_all(tab, tmp_path):
    tab.open(page.write(many_links(), tmp_path / "report.html"))
    lines = "[...document.querySelectorAll('#links tr[data-part]')].filter((row) => row.offsetParent).length"
    assert tab.value(lines) == 20
    focus(tab, "#links tr[data-part]")
    for _ in range(30):
        tab.press("ArrowDown")
    assert tab.value("document.activeElement.cells[1].firstChild.data") == "Di station"
    tab.value("document.getElementById('every-link').click()")
    assert tab.value(lines) == 23


def test_curve_and_switch_are_reached_and_seen_by_the_tab_key_alone(tab, states):
    tab.open(states)
    stops = []
    for _ in range(5):
        tab.press("Tab")
        name, seen = tab.value(WHERE)
        assert seen, name
        stops.append(name)
    assert stops == ["SUMMARY", "INPUT", "curve", "A", "state"]
    focus(tab, "#choices input:checked")
    tab.press("ArrowRight")
    assert tab.value("document.querySelector('#choices input:checked').value") == "no ring"
    assert "can be closed" in text(tab, "plan-note")


def test_a_ring_is_dashed_until_the_build_order_closes_it(tab, states):
    tab.open(states)
    focus(tab, "#order tbody tr")
    tab.press("Enter")
    assert (drawn(tab, "rings-whole-road"), drawn(tab, "rings-left")) == (0, 1)
    tab.press("ArrowDown")
    tab.press("Enter")
    assert (drawn(tab, "rings-whole-road"), drawn(tab, "rings-left")) == (1, 0)
    said = text(tab, "state-last")
    assert said.startswith("Built: 1 of 3 proposals, the last one number 1, Bo – Cy. This is the beginning")


def test_a_tap_on_the_curve_shows_a_plan_and_its_address_opens_it_again(tab, states, tmp_path):
    tab.open(states)
    switch(tab, "no ring")
    tab.click(*tab.value(f"({POINT})(0)"))
    assert tab.until("document.querySelectorAll('#order tr').length === 3")
    found = tab.value("location.hash")
    assert found == "#state=no%20ring%2C%2040"
    tab.open(states)
    tab.value(f"location.hash = {found!r}")
    assert tab.until("document.getElementById('figure-cost').textContent === '10'")
    assert tab.value("document.querySelector('#choices input:checked').value") == "no ring"


def test_alternatives_at_one_budget_are_chosen_by_their_switch(tab, tmp_path):
    report = stated()
    two = replace(report, states=(report.states[0], report.states[1]))
    tab.open(page.write(two, tmp_path / "report.html"))
    assert tab.messages == []
    switch(tab, "no ring")
    assert text(tab, "figure-cost") == "10"
    focus(tab, "#curve")
    tab.press("ArrowLeft")
    assert tab.messages == []


def test_figures_of_the_plan_as_chosen_are_not_shown_with_another(tab, states):
    tab.open(states)
    shown = "(one) => one.checkVisibility({visibilityProperty: true})"
    seen = f"[...document.querySelectorAll('.of-plan')].filter({shown}).length"
    assert tab.value(seen) > 5
    assert not tab.value("document.querySelector('.of-other').checkVisibility()")
    switch(tab, "no ring")
    assert tab.value(seen) == 0
    assert tab.value("document.querySelector('.of-other').checkVisibility()")


@pytest.mark.parametrize("start", thinned(range(0, len(PAYLOADS), 4), 1))
def test_no_hostile_name_runs_on_a_page_with_states(start, tab, tmp_path):
    report = stated(islice(cycle(PAYLOADS), start, None))
    path = page.write(report, tmp_path / "report.html")
    quiet(tab, path, report.region[:5])
    tab.value("[...document.querySelectorAll('#choices input')].forEach((one) => one.click())")
    focus(tab, "#curve")
    for _ in range(3):
        tab.press("ArrowLeft")
    assert tab.messages == []


# ---- the page of a frontier


def frontier(folder, words=None):
    """Write the page of a drawn frontier."""
    picture = folder / "frontier.png"
    picture.write_bytes(PIXEL)
    return page.write(traced(words), folder / "report.html", picture=picture)


@pytest.fixture(scope="module")
def front(tmp_path_factory):
    return frontier(tmp_path_factory.mktemp("front"))


def shown_point(tab):
    """Return spent money, drawn links and rows of what the curve shows."""
    rows = (
        "[...document.querySelectorAll('#links tr[data-part]:not([hidden])')].map((one) => one.dataset.part)"
    )
    spent = tab.value("document.querySelector('#points tr.chosen th').textContent")
    drawn = tab.value(f"[...{PART.format('proposals-lines')}.data.part]")
    return spent, sorted(set(drawn)), sorted(map(int, tab.value(rows)))


@pytest.mark.parametrize("width", [400, 1400])
def test_the_page_of_a_frontier_opens_without_a_network_and_a_message_and_fits(width, tab, front):
    tab.open(front, width=width)
    assert tab.messages == []
    assert [one for one in tab.requests if not one.startswith("data:")] == [front.as_uri()]
    assert tab.value("document.documentElement.scrollWidth") == width


def test_a_frontier_is_shown_at_its_knee_first_and_keys_lead_to_its_other_points(tab, front):
    place = {name: at for at, name in enumerate(traced().links["candidate_id"])}
    tab.open(front)
    knee = sorted((place["cd"], place["idle"]))
    assert shown_point(tab) == ("210", knee, knee)
    assert "the knee" in tab.value("document.getElementById('plan-note').textContent")
    focus(tab, "#curve")
    tab.press("ArrowLeft")  # a link leaves, and another one takes its place
    assert shown_point(tab) == ("100", [place["bc"]], [place["bc"]])
    tab.press("Home")
    assert shown_point(tab) == ("0", [], [])
    few = tab.value(f"Math.max(...{PART.format('cities')}.data.after)")
    tab.press("End")
    assert shown_point(tab) == ("310", [0, 1, 2], [0, 1, 2])
    assert tab.value(f"Math.max(...{PART.format('cities')}.data.after)") > few
    assert "forms ring" in tab.value("document.getElementById('curve').getAttribute('aria-valuetext')")


def test_a_point_of_the_table_and_a_link_beyond_the_point_move_the_curve(tab, front):
    tab.open(front)
    now = "document.getElementById('curve').getAttribute('aria-valuenow')"
    focus(tab, "#points tbody tr")
    tab.press("Enter")
    assert tab.value(now) == "0"
    tab.click(*tab.value(f"({POINT})(2)"))
    assert tab.value(now) == "2"
    assert tab.value("document.querySelector('#points tr.chosen').dataset.plan") == "2"


@pytest.mark.parametrize("start", thinned(range(0, len(PAYLOADS), 4), 1))
def test_no_hostile_name_runs_on_the_page_of_a_frontier(start, tab, tmp_path):
    words = islice(cycle(PAYLOADS), start, None)
    quiet(tab, frontier(tmp_path, words), traced(islice(cycle(PAYLOADS), start, None)).region[:5])
