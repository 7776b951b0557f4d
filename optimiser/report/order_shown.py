"""Say in what order to build a plan, and what each period brings."""

from __future__ import annotations

from typing import Any

import pandas as pd

from optimiser.report import wording
from optimiser.report.equity_shown import percent
from optimiser.report.inputs import ReportInput

SHARE = "weight_share_"
"""Start of the columns that hold shares of weight by tier."""

METHODS = {
    "forward": "each time the one that adds most covered weight for its cost",
    "backward": "taking away, from the whole plan, each time the one that loses least for its cost",
}


def shown(report: ReportInput) -> dict[str, Any] | None:
    """Return the section on the build order; None where nothing is built or was measured.

    Parameters
    ----------
    report
        What to show.
    """
    if report.measures is None or len(report.measures.build_order) < 2:
        return None
    steps, phases = report.measures.build_order, report.measures.phases
    tiers = [name.removeprefix(SHARE) for name in steps.columns if name.startswith(SHARE)]
    method, _, exchanged = str(report.measures.facts["order_method"]).partition(", ")
    names = dict(zip(steps["candidate_id"], steps["from_name"] + " – " + steps["to_name"], strict=True))
    return {
        "tiers": tiers,
        "steps": [_step(row, tiers) for row in steps.to_dict("records")],
        "method": METHODS.get(method, method),
        "exchanged": bool(exchanged),
        "phases": [_phase(row, tiers, names) for row in phases.to_dict("records")],
        "has_phases": len(phases) > 0,
        "curve": curve(steps, tiers),
    }


def curve(steps: pd.DataFrame, tiers: list[str]) -> dict[str, Any]:
    """Return the corners of the curves of coverage over money, in a box of 100 by 100.

    Parameters
    ----------
    steps
        The table `build_order`.
    tiers
        Tiers with a curve each, beside all.

    Returns
    -------
    dict
        `lines` (name and points of each, "x,y x,y ..."; coverage holds while the next link is paid for),
        `low` and `high` (share at the bottom and on top, in percent), `money`.
    """
    spent = steps["cost_so_far"].to_numpy(dtype=float)
    shares = {"all": steps["weight_share"]} | {tier: steps[f"{SHARE}{tier}"] for tier in tiers}
    kept = {
        name: share for name, share in shares.items() if share.notna().all() and share.max() > share.min()
    }
    least = min((float(share.min()) for share in kept.values()), default=0.0)
    low, high = int(10 * least) / 10, max((float(share.max()) for share in kept.values()), default=1.0)
    high = min(1.0, -(-high * 10 // 1) / 10)
    span, whole = max(high - low, 0.1), max(float(spent[-1]), 1.0)
    lines = []
    for name, share in kept.items():
        points, before = list[tuple[float, float]](), None
        for money, part in zip(100 * spent / whole, 100 * (1 - (share - low) / span), strict=True):
            points += [(money, before)] if before is not None else []
            points.append((money, part))
            before = part
        lines.append({"name": name, "points": " ".join(f"{x:.1f},{y:.1f}" for x, y in points)})
    return {"lines": lines, "low": f"{100 * low:.0f} %", "high": f"{100 * high:.0f} %", "money": whole}


def _step(row: dict[Any, Any], tiers: list[str]) -> dict[str, Any]:
    return {
        "at": int(row["step"]),
        "name": f"{row['from_name']} – {row['to_name']}" if row["step"] else "Today",
        "kind": wording.kind(str(row["kind"])) if row["step"] else "",
        "cost": wording.whole(row["cost"]) if row["step"] else "–",
        "so_far": wording.whole(row["cost_so_far"]),
        "pairs": int(row["pairs_within"]),
        "share": percent(row["weight_share"]),
        "tiers": [percent(row[f"{SHARE}{tier}"]) for tier in tiers],
        "starts": row.get("starts_in") or "",
        "opens": row.get("opens_in") or "",
    }


def _phase(row: dict[Any, Any], tiers: list[str], names: dict[str, str]) -> dict[str, Any]:
    return {
        "name": str(row["period"]),
        "spent": wording.whole(row["spent"]),
        "so_far": wording.whole(row["spent_so_far"]),
        "budget": wording.whole(row["budget_so_far"]),
        "starts": len(_ids(row["starts"])),
        "opens": "; ".join(names.get(name, name) for name in _ids(row["opens"])) or "–",
        "pairs": int(row["pairs_within"]),
        "share": percent(row["weight_share"]),
        "tiers": [percent(row[f"{SHARE}{tier}"]) for tier in tiers],
    }


def _ids(listed: str) -> list[str]:
    return listed.split("; ") if listed else []
