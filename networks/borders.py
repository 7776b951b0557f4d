"""Find where lines cross the land borders of the world, and name those that are closed to cars."""

import functools
from collections.abc import Collection, Sequence
from importlib import resources

import numpy as np
import shapely
from numpy.typing import NDArray

from networks.errors import SourceError

BORDER_UNITS = 1000
"""Units of `networks/data/borders.npz` in a degree."""


@functools.cache
def _borders() -> tuple[NDArray[np.str_], NDArray[np.object_]]:
    """Return the two countries of each line of the land borders of the world, and the lines in degrees.

    Natural Earth 1:10m (public domain), divided by `tools/world_maps.py`.
    """
    file = resources.files("networks") / "data" / "borders.npz"
    with file.open("rb") as stream, np.load(stream, allow_pickle=False) as content:
        points = np.cumsum(content["steps"], axis=0) / BORDER_UNITS
        owner = np.repeat(np.arange(len(content["pairs"])), content["sizes"])
        return content["pairs"], shapely.linestrings(points, indices=owner)


def closed_borders(given: Collection[str]) -> tuple[str, ...]:
    """Return borders by the codes of their two countries, both in order of the alphabet.

    Parameters
    ----------
    given
        Such as `BY-UA`; order and capitals do not matter.

    Raises
    ------
    SourceError
        With all that are no pairs of countries with a common land border.
    """
    known = {pair: {*pair.split("-")} for pair in _borders()[0].tolist()}
    asked, faults = {text: {*text.upper().split("-")} for text in given}, list[str]()
    for text, both in asked.items():
        if both not in known.values():
            near = [pair for pair in known if known[pair] & both]
            faults.append(f"{text!r}: of these countries there are {', '.join(near) or 'none'}")
    if faults:
        what, where = "these are no land borders of two countries", "region.closed_borders"
        remedy = "Give pairs of codes of ISO 3166, such as ['BY-UA', 'RU-UA']; [] opens all borders."
        raise SourceError(
            what, where=where, faults=faults, done="Nothing was read or written.", remedy=remedy
        )
    return tuple(pair for pair, both in known.items() if both in asked.values())


def border_crossings(lines: Sequence[shapely.Geometry], closed: Sequence[str]) -> NDArray[np.int64]:
    """Count how often lines cross borders; the ends lie on two sides where that is odd.

    Parameters
    ----------
    lines
        Degrees.
    closed
        Borders as `closed_borders` returns them.

    Returns
    -------
    numpy.ndarray
        int64 [lines, borders].
    """
    pairs, borders = _borders()
    rows, found = np.flatnonzero(np.isin(pairs, closed)), np.zeros((len(lines), len(closed)), dtype=np.int64)
    drawn = np.array(lines, dtype=object)
    line, border = shapely.STRtree(borders[rows]).query(drawn, predicate="intersects")
    points = shapely.get_num_geometries(shapely.intersection(drawn[line], borders[rows[border]]))
    np.add.at(found, (line, np.searchsorted(closed, pairs[rows[border]])), points)
    return found
