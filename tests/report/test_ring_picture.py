from __future__ import annotations

from dataclasses import replace

from matplotlib.collections import PathCollection
from ring_square import shown

from optimiser.report import picture


def test_the_legend_explains_what_is_drawn(compared):
    words = " ".join(
        text.get_text() for axes in picture.draw_rings(compared, dpi=50).axes for text in axes.texts
    )
    for part in (
        "25 % of the proposed ring lies within 15 km of the known ring",
        "Sea, Bee",
    ):
        assert part in words


def test_the_map_shows_all_of_both_rings(compared):
    axes = picture.draw_rings(compared, dpi=50).axes[0]
    west, east = axes.get_xlim()
    drawn = [line.get_xdata() for line in axes.lines if line.get_zorder() > 7.5 and len(line.get_xdata()) > 3]
    assert len(drawn) >= 3
    assert all(west < min(xs) and max(xs) < east for xs in drawn)


def test_the_map_leaves_out_cities_that_its_frame_would_cut(compared):
    axes = picture.draw_rings(compared, dpi=50).axes[0]
    marks = next(one for one in axes.collections if isinstance(one, PathCollection)).get_offsets()
    (west, east), (south, north) = axes.get_xlim(), axes.get_ylim()
    assert 0 < len(marks) < len(compared.cities)
    assert all(west < x < east and south < y < north for x, y in marks)


def boxes_of(figure):
    """Return the boxes of all texts, in pixels."""
    figure.draw_without_rendering()
    texts = [text for axes in figure.axes for text in axes.texts] + list(figure.texts)
    return [(text.get_text(), text.get_window_extent()) for text in texts]


def test_a_ring_unrolled_names_its_cities_and_the_km_between_them():
    words = [text for text, _ in boxes_of(picture.unroll(shown(), dpi=80))]
    assert words.count("Sea") == 2  # it ends where it begins
    assert {"Bee", "Ay", "80 km", "130 km, 30 new", "70 km"} <= set(words)


def test_no_text_of_a_ring_unrolled_covers_another():
    ring = shown()
    crowded = ring.cities.iloc[[0] * 3].assign(name="Long name of a city", piece=[1, 2, 3])
    for cities in (ring.cities, crowded):
        figure = picture.unroll(replace(ring, cities=cities), dpi=80)
        found = boxes_of(figure)
        width, height = figure.bbox.width, figure.bbox.height
        for number, (_, box) in enumerate(found):
            assert 0 <= box.x0 < box.x1 <= width
            assert 0 <= box.y0 < box.y1 <= height
            assert not any(box.overlaps(other) for _, other in found[number + 1 :])
