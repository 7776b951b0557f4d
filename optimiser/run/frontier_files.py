"""Write the files of a frontier: its points, their plans, and the order of the links."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from optimiser import verify
from optimiser.frontier.curve import Curve, LinkOnFrontier
from optimiser.frontier.point import Point
from optimiser.problem import DesignProblem, save
from optimiser.problem import result as results
from optimiser.run import store

PLANS = "frontier"
"""Folder of the plans inside the run folder."""


@dataclass(frozen=True, slots=True)
class Described:
    """What people call a candidate.

    Attributes
    ----------
    name
        From where to where.
    kind
        What is built or opened.
    length_km
        Kilometres; None where nobody knows.
    """

    name: str
    kind: str
    length_km: float | None = None


def described_by_id(problem: DesignProblem) -> dict[str, Described]:
    """Return what a problem alone says about its candidates."""
    return {c.id: Described(c.id, c.kind) for c in problem.candidates}


def write_points(stage: Path, problem: DesignProblem, curve: Curve) -> None:
    """Write `frontier.csv`, and problem and result of every point, each checked independently.

    Parameters
    ----------
    stage
        Where the files go.
    problem
        The problem of the frontier.
    curve
        The frontier.

    Raises
    ------
    VerificationError
        When the independent check refuses a point.
    """
    (stage / PLANS).mkdir()
    rows = []
    for number, point in enumerate(curve.points, start=1):
        own = point.problem(problem, curve.axes)
        claimed = point.result(own.name)
        plan = verify.check(own, claimed)
        verify.check_certificate(own, verify.certificate(own, plan))
        stem = f"{PLANS}/point-{number:04d}"
        save(own, stage / f"{stem}.problem.json")
        results.save(claimed, stage / f"{stem}.result.json")
        rows.append(_row(number, point, curve, f"{stem}.result.json"))
    _write(stage / "frontier.csv", rows)


def _row(number: int, point: Point, curve: Curve, plan: str) -> dict[str, object]:
    groups = [*curve.groups, "all"]
    whole = max(1, curve.everything.cost)
    asked = {"budget": point.asked.budget}
    if curve.axes.kind == "three_way":
        asked = {f"least_{g}": v for g, v in zip(curve.axes.groups, point.asked.least, strict=True)}
    return {
        "point": number,
        "knee": "yes" if curve.knee == number - 1 else "",
        **{f"asked_{name}": value for name, value in asked.items()},
        "cost": point.cost,
        "cost_share": round(point.cost / whole, 6),
        **{f"weight_{g}": point.plan.by_group.get(g, 0) for g in groups},
        **{f"share_{g}": round(curve.share(point.plan, g), 6) for g in groups},
        "objective": point.value,
        "bound": "" if point.bound is None else f"{point.bound:.6f}".rstrip("0").rstrip("."),
        "gap": "" if point.gap is None else f"{point.gap:.3g}",
        "status": point.status,
        "links": len(point.plan.built),
        "start": "warm" if point.warm else "cold",
        "seconds": f"{point.seconds:.3f}",
        "seconds_whole": f"{point.whole_seconds:.3f}",
        "nodes": point.nodes,
        "cuts": point.cuts,
        "plan": plan,
    }


def write_links(
    stage: Path, links: Sequence[LinkOnFrontier], described: Mapping[str, Described], cost: Mapping[str, int]
) -> None:
    """Write `frontier_links.csv`: which link enters when, and which stays.

    Parameters
    ----------
    stage
        Where the file goes.
    links
        In the order in which they enter.
    described
        What people call them, by id.
    cost
        What each costs, by id.
    """
    rows: list[dict[str, object]] = [
        {
            "order": order,
            "candidate_id": link.id,
            "name": described[link.id].name,
            "kind": described[link.id].kind,
            "length_km": "" if described[link.id].length_km is None else described[link.id].length_km,
            "cost": cost[link.id],
            "enters_at_point": link.enters + 1,
            "enters_at_cost": link.cost_of_entry,
            "points": link.points,
            "share_from_entry": round(link.share, 4),
            "leaves": link.leaves,
            "stays": "yes" if link.stays else "",
            "core": "yes" if link.core else "",
        }
        for order, link in enumerate(links, start=1)
    ]
    _write(stage / "frontier_links.csv", rows)


def _write(path: Path, rows: Sequence[Mapping[str, object]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        if not rows:
            return
        table = csv.DictWriter(file, fieldnames=list(rows[0]))
        table.writeheader()
        table.writerows(rows)


def summary_of(curve: Curve, links: Sequence[LinkOnFrontier], *, seconds: float) -> dict[str, Any]:
    """Return the JSON object of `frontier.json`.

    Parameters
    ----------
    curve
        The frontier.
    links
        In the order in which they enter.
    seconds
        Wall time of the whole trace.
    """
    gaps = [point.gap for point in curve.points]
    return {
        "format": "polyring-frontier/1",
        "problem": curve.name,
        "money": curve.money,
        "axes": curve.axes.kind,
        "groups": list(curve.axes.groups),
        "points": len(curve.points),
        "ended": curve.ended,
        "asked_gap": curve.asked_gap,
        "largest_gap": None if None in gaps else max((gap for gap in gaps if gap is not None), default=None),
        "open_boxes": curve.open_boxes,
        "knee": None if curve.knee is None else curve.knee + 1,
        "today": dict(curve.today.by_group),
        "everything": {"cost": curve.everything.cost, **curve.everything.by_group},
        "totals": dict(curve.totals),
        "band": [[step.budget, step.bound] for step in curve.band],
        "robust_core": [link.id for link in links if link.core],
        "seconds": round(seconds, 3),
    }


def save_summary(stage: Path, found: Mapping[str, Any]) -> None:
    """Write `frontier.json`."""
    store.save_json(stage / "frontier.json", found)
