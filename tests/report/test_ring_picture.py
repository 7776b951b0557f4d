from __future__ import annotations

from matplotlib.collections import PathCollection

from optimiser.report import picture


def test_the_legend_explains_what_is_drawn(compared):
    words = " ".join(
        text.get_text() for axes in picture.draw_rings(compared, dpi=50).axes for text in axes.texts
    )
    for part in (
        "25\u00a0% of the proposed ring lies within 15 km of the known ring",
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
