"""Follow trains along one line, onto another, and over further lines."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import product

from networks.regions.construction.facts import Corridor, Place, Through
from networks.regions.construction.rails import Layout
from networks.world.geometry import length_km, turn_deg

REVERSAL_DEG = 100.0
"""Trains do not run through where they would have to turn by more than this."""


@dataclass(frozen=True, kw_only=True)
class Run:
    """The path of a train along one or more lines.

    Parameters
    ----------
    lines
        Ids of the lines in order.
    stops
        All stations on the path in order.
    paths
        Nodes of the working graph from each station to the next.
    joints
        Positions in ``stops`` at which the run leaves a line and enters the next: twice the same position, or
        the two ends of a connecting curve.
    """

    lines: tuple[str, ...]
    stops: tuple[Place, ...]
    paths: tuple[tuple[int, ...], ...]
    joints: tuple[tuple[int, int], ...] = ()

    def reversed(self) -> Run:
        """Return the run in the other direction."""
        paths = tuple(path[::-1] for path in self.paths[::-1])
        last = len(self.stops) - 1
        joints = tuple((last - enter, last - leave) for leave, enter in self.joints[::-1])
        return Run(lines=self.lines[::-1], stops=self.stops[::-1], paths=paths, joints=joints)


def whole_run(line: Corridor, layout: Layout) -> Run:
    """Return the run over all legs of a line."""
    paths = tuple(tuple(layout.legs[line.id, leg]) for leg in range(len(line.places) - 1))
    return Run(lines=(line.id,), stops=line.places, paths=paths)


def join_through(lines: Mapping[str, Corridor], run: Through, layout: Layout) -> Run | None:
    """Return the longest run from line a onto line b without a reversal; None if there is none."""
    best: Run | None = None
    for head, tail in product(
        _parts_ending_at(whole_run(lines[run.line_a], layout), run.station_a),
        _parts_ending_at(whole_run(lines[run.line_b], layout), run.station_b),
    ):
        run_on = _join(head, tail.reversed(), run, layout)
        if run_on is not None and (best is None or _km(run_on) > _km(best)):
            best = run_on
    return best


def _parts_ending_at(run: Run, key: str) -> Iterator[Run]:
    """Yield the parts of a run that end at a station, one from either direction."""
    at = [place.key for place in run.stops].index(key)
    if at > 0:
        yield Run(lines=run.lines, stops=run.stops[: at + 1], paths=run.paths[:at])
    if at < len(run.stops) - 1:
        yield Run(lines=run.lines, stops=run.stops[at:], paths=run.paths[at:]).reversed()


def _join(head: Run, tail: Run, run: Through, layout: Layout) -> Run | None:
    """Join two runs at their common station or by a curve; None if a train would have to reverse."""
    curve = layout.curves.get((run.station_a, run.station_b))
    stops, paths = head.stops, head.paths
    if curve is not None:
        stops, paths = (*stops, tail.stops[0]), (*paths, tuple(curve))
    stops, paths = (*stops, *tail.stops[1:]), (*paths, *tail.paths)
    keys = [place.key for place in stops]
    if len(set(keys)) < len(keys) or _turns_too_sharply(head, tail, stops):
        return None
    leave = len(head.stops) - 1
    joint = (leave, leave + (curve is not None))
    return Run(lines=head.lines + tail.lines, stops=stops, paths=paths, joints=(joint,))


def _turns_too_sharply(head: Run, tail: Run, stops: tuple[Place, ...]) -> bool:
    """Return whether the turn at the joint exceeds `REVERSAL_DEG`."""
    at = len(head.stops) - 1
    before, here = stops[at - 1].point, stops[at].point
    if head.stops[-1].key == tail.stops[0].key:
        return turn_deg(before, here, here, stops[at + 1].point) > REVERSAL_DEG
    there = stops[at + 1].point
    return turn_deg(here, there, there, stops[at + 2].point) > REVERSAL_DEG


def _km(run: Run) -> float:
    """Return the length of a run along straight lines between its stations, in km."""
    return length_km([place.point for place in run.stops])


def join_overlapping(head: Run, tail: Run) -> Run | None:
    """Join two runs that overlap: the last line of one is the first line of the other.

    Parameters
    ----------
    head, tail
        Runs over at least two lines. The head may extend farther on the common line than the tail.

    Returns
    -------
    Run or None
        The run over all lines; None if the two use the common line in opposite directions.
    """
    keys = [place.key for place in head.stops]
    leave, enter = tail.joints[0][0], head.joints[-1][1]
    if tail.stops[leave].key not in keys:
        return None
    at = keys.index(tail.stops[leave].key)
    if at <= enter or leave == 0 or keys[at - 1] != tail.stops[leave - 1].key:
        return None
    stops = head.stops[: at + 1] + tail.stops[leave + 1 :]
    if len({place.key for place in stops}) < len(stops):
        return None
    joints = head.joints + tuple((a + at - leave, b + at - leave) for a, b in tail.joints)
    paths = head.paths[:at] + tail.paths[leave:]
    return Run(lines=head.lines + tail.lines[1:], stops=stops, paths=paths, joints=joints)
