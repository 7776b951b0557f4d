"""Place labels on a picture so that none covers another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

SIDES = ((1, 0), (-1, 0), (1, 1), (-1, 1), (1, -1), (-1, -1), (0, 1), (0, -1))
"""Where a label may stand from its point, best first: right, left, then the corners, above, below."""

REACHES = (1.0, 2.4, 4.5)
"""Distances from the point at which these are tried, in units of the gap."""


@dataclass(frozen=True, slots=True)
class Label:
    """A text that wants to stand beside a point; all in pixels.

    Attributes
    ----------
    x, y
        The point.
    width, height
        Size of the text.
    """

    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Place:
    """Where a label stands: its lower left corner, the side of the point, and how far off it is."""

    x: float
    y: float
    side: tuple[int, int]
    reach: float


type Boxes = NDArray[np.float64]
"""Rectangles [n x 4]: left, bottom, right, top in pixels."""


def boxes(corners: Sequence[Sequence[float]]) -> Boxes:
    """Return rectangles as an array, also when there is none."""
    return np.asarray(corners, dtype=np.float64).reshape(-1, 4)


def place(
    labels: Sequence[Label],
    *,
    taken: Boxes,
    soft: Boxes | None = None,
    frame: Sequence[float],
    gap: float = 5.0,
) -> list[Place | None]:
    """Place labels greedily, in the order given; one that finds no room stays out.

    Parameters
    ----------
    labels
        The most important first.
    taken
        Rectangles that no label may touch.
    soft
        Rectangles that labels avoid where they can (lines, say).
    frame
        Left, bottom, right, top of the picture: labels stay within.
    gap
        Distance between a point and its label.

    Returns
    -------
    list of Place or None
        One for each label.
    """
    occupied = taken
    lines = boxes(()) if soft is None else soft
    found: list[Place | None] = []
    for label in labels:
        best = _best(label, occupied, lines, frame, gap)
        found.append(best)
        if best is not None:
            box = [best.x, best.y, best.x + label.width, best.y + label.height]
            occupied = np.vstack([occupied, box])
    return found


def _best(label: Label, taken: Boxes, soft: Boxes, frame: Sequence[float], gap: float) -> Place | None:
    free = []
    for reach in REACHES:
        for preference, side in enumerate(SIDES):
            x, y = _corner(label, side, gap * reach)
            box = (x, y, x + label.width, y + label.height)
            if _inside(box, frame) and not overlaps(box, taken).any():
                cost = int(overlaps(box, soft).sum()) + 0.1 * preference + 1.5 * reach
                free.append((cost, Place(x, y, side, reach)))
    return min(free, key=lambda item: item[0])[1] if free else None


def _corner(label: Label, side: tuple[int, int], gap: float) -> tuple[float, float]:
    """Return the lower left corner of a label on one side of its point."""
    across, up = side
    x = label.x + across * gap - {1: 0.0, 0: label.width / 2, -1: label.width}[across]
    y = label.y + up * gap - {1: 0.0, 0: label.height / 2, -1: label.height}[up]
    return x, y


def overlaps(box: Sequence[float], others: Boxes) -> NDArray[np.bool_]:
    """Return which rectangles a box overlaps."""
    left, bottom, right, top = box
    hit: NDArray[np.bool_] = (
        (others[:, 0] < right) & (others[:, 2] > left) & (others[:, 1] < top) & (others[:, 3] > bottom)
    )
    return hit


def _inside(box: Sequence[float], frame: Sequence[float]) -> bool:
    return box[0] >= frame[0] and box[1] >= frame[1] and box[2] <= frame[2] and box[3] <= frame[3]
