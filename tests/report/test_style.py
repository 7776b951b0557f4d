"""Colours of maps stay apart for readers with deuteranopia and, with dashes and widths, in grey."""

from __future__ import annotations

import io
from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from optimiser.report import plots

DEUTERANOPIA = np.array(
    [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
)
"""What deuteranopia makes of linear RGB: Machado, Oliveira and Fernandes (2009), severity 1."""

TO_XYZ = np.array(
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
)
WHITE = np.array([0.95047, 1.0, 1.08883])

LEAST_DISTANCE, LEAST_STEP, LEAST_CONTRAST = 15.0, 10.0, 3.0
"""Distance in CIELAB (2.3 is just noticeable); difference of lightness; contrast of WCAG 2.1 for graphics."""

GROUNDS = {"colour": "#ffffff", "dark": "#1b1f23"}


def linear(colour: str) -> np.ndarray:
    shares = np.array([int(colour[at : at + 2], 16) for at in (1, 3, 5)]) / 255
    return np.where(shares <= 0.04045, shares / 12.92, ((shares + 0.055) / 1.055) ** 2.4)


def lab(rgb: np.ndarray) -> np.ndarray:
    """Return lightness, red-green and blue-yellow of linear RGB."""
    xyz = TO_XYZ @ rgb / WHITE
    x, y, z = np.where(xyz > 216 / 24389, np.cbrt(xyz), (24389 / 27 * xyz + 16) / 116)
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


def lightness(colour: str) -> float:
    return float(lab(linear(colour))[0])


def seen(colour: str) -> np.ndarray:
    return lab(np.clip(DEUTERANOPIA @ linear(colour), 0, 1))


def contrast(colour: str, ground: str) -> float:
    low, high = sorted(float(np.array([0.2126, 0.7152, 0.0722]) @ linear(one)) for one in (colour, ground))
    return (high + 0.05) / (low + 0.05)


def drawn_together() -> list[tuple[str, plots.Stroke, plots.Stroke]]:
    """Every two strokes that one map may show."""
    plan = {**plots.NETWORK, **plots.PROPOSALS} | {f"ring-{mode}": one for mode, one in plots.RINGS.items()}
    groups = (plan, {**plots.NETWORK, **plots.COMPARED})
    return [
        (f"{one} and {other}", group[one], group[other])
        for group in groups
        for one, other in combinations(group, 2)
    ]


def test_white_and_black_have_their_known_lightness():
    assert lightness("#ffffff") == pytest.approx(100, abs=0.01)
    assert (lightness("#000000"), contrast("#ffffff", "#000000")) == (0, pytest.approx(21))


def test_red_and_green_of_one_lightness_are_alike_to_a_reader_with_deuteranopia():
    one, other = "#c85a5a", "#8a8a3c"
    plain = np.linalg.norm(lab(linear(one)) - lab(linear(other)))
    assert np.linalg.norm(seen(one) - seen(other)) < 0.6 * plain


@pytest.mark.parametrize("ground", GROUNDS)
def test_colours_stay_apart_with_deuteranopia(ground):
    close = {
        pair: round(float(distance), 1)
        for pair, one, other in drawn_together()
        if (distance := np.linalg.norm(seen(getattr(one, ground)) - seen(getattr(other, ground))))
        < LEAST_DISTANCE
        and one.dash == other.dash
    }
    assert close == {}


@pytest.mark.parametrize("ground", GROUNDS)
def test_in_grey_lightness_dashes_or_widths_differ(ground):
    def differ(one: plots.Stroke, other: plots.Stroke) -> bool:
        step = abs(lightness(getattr(one, ground)) - lightness(getattr(other, ground)))
        narrow, wide = sorted((one.width, other.width))
        return step >= LEAST_STEP or one.dash != other.dash or wide >= 1.5 * narrow

    assert [pair for pair, one, other in drawn_together() if not differ(one, other)] == []


@pytest.mark.parametrize("ground", GROUNDS)
def test_what_is_proposed_stands_out_from_the_ground_and_from_the_network(ground):
    for one in (*plots.PROPOSALS.values(), *plots.RINGS.values(), *plots.COMPARED.values()):
        colour = getattr(one, ground)
        assert contrast(colour, GROUNDS[ground]) >= LEAST_CONTRAST, one.name
        for there in plots.NETWORK.values():
            assert abs(lightness(colour) - lightness(getattr(there, ground))) >= LEAST_STEP, (
                one.name,
                there.name,
            )


def test_proposed_trains_are_unlike_the_high_speed_rail_of_today():
    trains, today = plots.PROPOSALS["service"].colour, plots.NETWORK["high_speed"].colour
    assert np.linalg.norm(seen(trains) - seen(today)) > 25
    assert lightness(today) - lightness(trains) > 25


def test_times_darken_with_a_step_at_the_limit():
    shades = [lightness(one) for one in (*plots.WITHIN, *plots.BEYOND)]
    assert shades == sorted(shades, reverse=True)
    assert shades[1] - shades[2] > 2 * LEAST_STEP


def test_a_picture_in_a_notebook_keeps_its_ground_and_the_colour_of_a_short_line_among_many_shades():
    with plots.figure(4, 3, dpi=100, size=9) as figure:
        axes = figure.add_axes((0, 0, 1, 0.7))
        axes.imshow(np.linspace(0, 1, 10_000).reshape(100, 100), cmap="viridis", aspect="auto")
        axes.plot([1, 9], [50, 50], color=plots.PROPOSALS["road"].colour, lw=3)
    shown = Image.open(io.BytesIO(figure._repr_png_()))
    assert shown.mode == "P"
    colours = np.asarray(shown.convert("RGB")).astype(int)
    line, ground = (
        [int(colour[at : at + 2], 16) for at in (1, 3, 5)]
        for colour in (plots.PROPOSALS["road"].colour, plots.PAPER)
    )
    assert np.abs(colours - line).max(axis=2).min() < 12
    assert np.abs(colours[2, 2] - ground).max() <= 1


def test_local_names_stand_beside_names_in_other_letters_alone():
    cities = pd.DataFrame({"name": ["Baoding", "Köln", "北京"], "local_name": ["保定", "Köln", "北京"]})
    assert plots.local_names(cities) == [" 保定", "", ""]
    assert plots.local_names(cities[["name"]]) == ["", "", ""]
