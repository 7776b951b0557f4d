"""Write a sweep as one page that needs no network, with its pictures as files beside it."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from optimiser.measures.uncertainty import Waiting
from optimiser.report import files, page, style, wording
from optimiser.report.cases import SETTLED_GAP
from optimiser.report.sweep import INDICES, JOB, OUTCOMES, SweepResults, link_words, plan_words
from optimiser.report.sweep_picture import DPI, PICTURES, decider

DESIGNS = {
    "grid": "a grid of all factors",
    "one-at-a-time": "one factor at a time",
    "latin-hypercube": "a Latin hypercube",
    "sobol": "a Sobol sequence",
    "monte-carlo": "independent draws",
    "saltelli": "a Saltelli design",
    "morris": "Morris trajectories",
}
"""Designs in words."""


def write(sweep: SweepResults, folder: Path) -> Path:
    """Write the page `sweep.html` and each picture as `sweep_<name>.png` into a folder.

    Parameters
    ----------
    sweep
        The sweep; at least one future must have been solved.
    folder
        The folder.

    Returns
    -------
    pathlib.Path
        The page.
    """
    paths = {
        name: files.write_figure(draw(sweep), folder / f"sweep_{name}.png", dpi=DPI)
        for name, draw in PICTURES.items()
    }
    pictures = {name: path.read_bytes() for name, path in paths.items()}
    return files.write_text(folder / "sweep.html", render(sweep, pictures))


def render(sweep: SweepResults, pictures: dict[str, bytes]) -> str:
    """Return the page as text; it runs no script and fetches nothing.

    Parameters
    ----------
    sweep
        The sweep.
    pictures
        PNG of each of `PICTURES`, by name.
    """
    variables = {
        "title": f"{sweep.facts['region']}: which links are right in most futures?",
        "lead": lead(sweep),
        "figures": list(_figures(sweep)),
        "pictures": {
            name: f"data:image/png;base64,{base64.b64encode(data).decode()}"
            for name, data in pictures.items()
        },
        "links": [_link(row) for row in sweep.links.to_dict("records")],
        "money": sweep.money,
        "core": wording.percent(sweep.core_share, digits=0),
        "has_intervals": sweep.independent is not None,
        "outcomes": [{"words": OUTCOMES[name].words, "rows": _indices(sweep, name)} for name in OUTCOMES],
        "meanings": [INDICES[name] for name in dict.fromkeys(sweep.indices["index"])],
        "plans": [_plan(row) for row in sweep.regret.to_dict("records")],
        "waiting": waiting_sentences(sweep),
        "factors": [_factor(one) for one in sweep.facts["factors"]],
        "attribution": sweep.facts["attribution"],
    }
    return page.render_still("sweep.html", variables)


def lead(sweep: SweepResults) -> str:
    """Return in sentences what was solved, and what is left out."""
    count, design = len(sweep.futures), DESIGNS[sweep.design]
    words = f"{count:,} futures, each with its own best plan: {design} over {len(sweep.factors)} factors."
    if sweep.unsettled:
        settled = wording.percent(SETTLED_GAP, digits=0)
        words += f" {sweep.unsettled:,} more are left out: not solved, or not settled within {settled}."
    return words


def _figures(sweep: SweepResults) -> Iterator[dict[str, str]]:
    """Yield the key figures on top of the page: value, words, note."""
    core, plan, best = sweep.core, sweep.coverage("pairs_plan"), sweep.coverage("pairs_best")
    yield {
        "value": f"{len(core)} of {len(sweep.links)}",
        "words": "links in the robust core",
        "note": f"in at least {wording.percent(sweep.core_share, digits=0)} of the futures; "
        f"together {wording.money(core['cost'].sum(), sweep.money)}",
    }
    yield {
        "value": f"{plan.p05:,.0f} – {plan.p95:,.0f}",
        "words": f"pairs within {wording.short_hours(int(sweep.facts['limit_s']))} with the plan of the job",
        "note": f"in nine of ten futures; {plan.p50:,.0f} in the middle; best plans {best.p50:,.0f}",
    }
    own = sweep.regret[sweep.regret["plan"] == JOB].to_dict("records")[0]
    yield {
        "value": wording.percent(own["fits"], digits=0),
        "words": "of the futures fit the plan of the job",
        "note": "their budget pays for it, and it keeps to their other limits",
    }
    yield {
        "value": wording.percent(own["share_mean"]),
        "words": "mean regret of that plan where it fits",
        "note": f"weight that the best plan of the future covers and it does not; at most "
        f"{wording.percent(own['share_largest'])}",
    }


def waiting_sentences(sweep: SweepResults) -> list[str]:
    """Return the value of waiting in sentences."""
    names = sweep.regret.set_index("plan")["name"]

    def worth(found: Waiting) -> str:
        whole = max(found.best, 1.0)
        low, high = (wording.percent(max(0.0, end) / whole) for end in (found.value.low, found.value.high))
        plan = plan_words(found.plan, names[found.plan])
        return (
            f"{wording.percent(found.value.value / whole)} ({low} to {high}) of the weight that the best "
            f"plan of each future covers on average; the best fixed plan is then {plan}"
        )

    hard, paid = (sweep.value_of_waiting(overruns_are_paid=paid) for paid in (False, True))
    return [
        f"If budget and limits are hard, and nothing is built of a plan that does not fit: {worth(hard)}.",
        f"If a plan is built whatever it costs: {worth(paid)}.",
        *_commitment(sweep),
    ]


def _commitment(sweep: SweepResults) -> Iterator[str]:
    """Yield what building the robust core now costs, where that was solved."""
    found = sweep.cost_of_commitment
    if found is None or not found.cases:
        return
    whole = max(found.best, 1.0)
    mean, low, high = (wording.percent(value / whole, digits=2) for value in found.loss)
    gap = wording.percent(float(sweep.facts["gap"]), digits=2)
    most, possible = (
        wording.percent(found.largest / whole, digits=2),
        wording.percent(found.possible, digits=0),
    )
    yield (
        f"If the robust core is built now and all else once the future is known: {mean} ({low} to {high}) is "
        f"lost on average, at most {most}, in the {possible} of the futures in which the core fits. Plans "
        f"are known within {gap} of their optimum, so that losses up to that say nothing."
    )


def _link(row: dict[Any, Any]) -> dict[str, Any]:
    has_interval = np.isfinite(row["low"])
    ends = f"{100 * row['low']:.0f} – {100 * row['high']:.0f} %" if has_interval else wording.NONE
    return {
        "number": int(row["number"]),
        "name": link_words(row),
        "category": style.category(mode=str(row["mode"]), kind=str(row["kind"])),
        "km": f"{row['length_km']:.0f}",
        "cost": wording.integer(row["cost"]),
        "share": wording.share(row["chosen"], row["cases"]),
        "interval": ends,
        "core": bool(row["is_core"]),
        "in_plan": bool(row["in_plan"]),
        "decider": decider(row) or wording.NONE,
    }


def _indices(sweep: SweepResults, outcome: str) -> list[dict[str, Any]]:
    """Return a row a factor with the cells of each kind of index."""
    table = sweep.indices[sweep.indices["outcome"] == outcome]
    kinds, rows = list(dict.fromkeys(table["index"])), []
    for factor, own in table.groupby("factor", sort=False):
        by_kind = own.set_index("index")
        cells = [_index_cell(by_kind.loc[kind]) for kind in kinds]
        rows.append({"factor": factor, "cells": cells, "together": own["correlated"].iloc[0]})
    return rows


def _index_cell(row: pd.Series[Any]) -> dict[str, str]:
    is_share = row.name in ("first", "total")
    known = [row["value"], row["low"], row["high"]]
    words = [wording.percent(one, digits=0) if is_share else _amount(one) for one in known]
    band = "" if pd.isna(row["low"]) else f"{words[1]} to {words[2]}"
    return {"value": words[0], "band": band}


def _amount(value: float) -> str:
    return wording.NONE if pd.isna(value) else f"{value:,.0f}" if abs(value) >= 100 else f"{value:,.2g}"


def _plan(row: dict[Any, Any]) -> dict[str, Any]:
    return {
        "name": plan_words(row["plan"], row["name"]),
        "links": int(row["links"]),
        "expected": wording.integer(row["expected"]),
        "cost": wording.integer(row["cost"]),
        **{key: wording.percent(row[key], digits=0) for key in ("fits", "near")},
        "mean": wording.percent(row["share_mean"]),
        "largest": wording.percent(row["share_largest"]),
    }


def _factor(one: dict[str, Any]) -> dict[str, str]:
    """Return a factor in words: what it changes, of what, how it is distributed."""
    own = dict(one["distribution"])
    name = str(own.pop("name"))
    numbers = "; ".join(
        f"{key} {', '.join(map(_plain, value)) if isinstance(value, list) else _plain(value)}"
        for key, value in own.items()
        if value is not None
    )
    return {
        "id": str(one["id"]),
        "changes": str(one["changes"]).replace("_", " "),
        "of": ", ".join(map(str, one.get("of", ()))) or "all",
        "central": _plain(one["central"]),
        "distribution": f"{name}: {numbers}",
    }


def _plain(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float | int) else str(value)
