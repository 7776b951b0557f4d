from __future__ import annotations

from dataclasses import replace

from matplotlib.text import Text
from ring_square import shown

from optimiser.report import page, picture, plots


def test_the_picture_is_a_png(report, tmp_path):
    path = plots.write(picture.draw(report, dpi=60), tmp_path / "plan.png")
    assert path.read_bytes().startswith(b"\x89PNG\r\n")


def test_the_picture_names_cities_proposals_and_attribution(report):
    figure = picture.draw(report, dpi=60)
    words = {text.get_text() for text in figure.findobj(Text)}
    assert {"Ada", "Di", "1", "2", "3", "↑\nN", "50 km", "Cy – Di", "© OpenStreetMap contributors"} <= words


def test_a_dollar_in_a_name_is_no_formula_in_the_picture(make, tmp_path):
    report = make("bc", names=("$\\frac$", "Bo", "Cy", "$x"))
    assert plots.write(picture.draw(report, dpi=40), tmp_path / "plan.png").exists()


def test_the_legend_names_the_parts_of_a_ring(ringed):
    words = {text.get_text() for axes in picture.draw(ringed, dpi=50).axes for text in axes.texts}
    assert {"Ring", "Ring, existing", "Ring, to be built"} <= words
    assert "A ring of 280 km round Centre through 3 cities; 89\u00a0% of it" in " ".join(words)


def test_the_picture_of_a_plan_without_rings_mentions_none(report):
    words = {text.get_text() for axes in picture.draw(report, dpi=50).axes for text in axes.texts}
    assert not any("ring" in text.lower().split() for text in words)


def test_the_picture_of_an_empty_plan_has_no_order_of_building(make):
    built, empty = (
        {text.get_text() for text in picture.draw(make(*ids), dpi=50).axes[1].texts} for ids in (["bc"], [])
    )
    said = {"Build order (cost in million CNY)", "City that gains partners"}
    assert said <= built
    assert not said & empty


def test_the_map_has_the_ids_of_rings_where_there_are_several(make):
    ring = shown()
    both = (ring, replace(ring, facts=replace(ring.facts, id="inner", mode="rail")))
    one, two = (
        {text.get_text() for text in picture.draw(make("bc", rings=rings), dpi=50).axes[0].texts}
        for rings in (both[:1], both)
    )
    assert "outer" not in one
    assert {"outer", "inner"} <= two


def test_the_legend_tells_road_rings_from_railway_rings(make):
    ring = shown()
    rail = replace(ring, facts=replace(ring.facts, id="inner", mode="rail"))
    report = make("bc", rings=(ring, rail))
    assert {"Ring, existing", "Railway ring, existing"} <= {
        text.get_text() for text in picture.draw(report, dpi=50).axes[1].texts
    }
    text = page.render(report)
    assert "railway ring, existing" in text
    assert "<h3>inner ring</h3>" in text


def test_letters_that_no_font_has_are_transliterated_in_the_picture(make):
    names = ("北京", "Bo", "Cy", "\U000e0fffx")
    words = {
        text.get_text() for axes in picture.draw(make("bc", names=names), dpi=50).axes for text in axes.texts
    }
    assert {plots.legible(name) for name in names} <= words
    assert not any("\U000e0fff" in text for text in words)
    assert plots.legible("北京") in ("北京", "BeiJing")


def test_names_that_look_like_broken_formulas_are_drawn_as_they_are():
    with plots.figure(4, 2, dpi=50, size=9) as found:
        axes = found.add_axes((0.3, 0.2, 0.6, 0.7))
        plots.draw_dumbbells(axes, ["<b>$$x$$ @name", "$"], [plots.Marks([0.2, 0.4], "$$", "black")])
        axes.set_xlabel("$$")
        axes.xaxis.set_major_formatter(lambda value, _at: f"$${value}")
    assert plots.png(found, dpi=50).startswith(b"\x89PNG")
