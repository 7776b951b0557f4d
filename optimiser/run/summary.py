"""Sum up a run in figures for machines and for the screen."""

from __future__ import annotations

import sys
from importlib import metadata
from typing import Any

import geopandas as gpd
import numpy as np

from optimiser.measures import coverage
from optimiser.report import sentences, tables
from optimiser.report.inputs import ReportInput
from optimiser.run import levelling, proposing, reading, ring_report, store, timing
from optimiser.run.chain import Chain
from optimiser.verify import Plan

FORMAT = "polyring-summary/1"


def summarise(chain: Chain, plan: Plan, report: ReportInput) -> dict[str, Any]:
    """Return the contents of `summary.json`.

    Parameters
    ----------
    chain
        The steps.
    plan
        The verified plan.
    report
        What the report shows.

    Returns
    -------
    dict
        Sizes, coverage by tier before and after, cost, gaps, links, seconds a step, peak memory.
    """
    job, problem, result = chain.loaded.job, chain.design, chain.result
    levels = levelling.load_levels(chain.problem.folder)
    return {
        "format": FORMAT,
        "version": metadata.version("polyring"),
        "job": chain.loaded.name,
        "title": report.region,
        "headline": sentences.headline(report),
        "status": plan.status,
        "definition": job.times.definition,
        "limit_s": job.times.limit_s,
        "cost": plan.cost,
        "budget": problem.budget,
        "money": problem.money,
        "objective": plan.objective,
        "bound": plan.bound,
        "gap": plan.gap,
        "gap_of_gain": plan.gap_of_gain,
        "asked_gap": job.solve.gap,
        "coverage": coverage_rows(report),
        "definitions": today(chain),
        "sensitivity": None if report.sensitivity is None else report.sensitivity.to_dict("records"),
        "people_gaining": coverage.people_gaining(report.cities, report.pairs),
        "built": list(plan.built),
        "warnings": list(reading.warnings(chain.times.folder)),
        "notes": list(report.notes),
        "links": link_rows(report),
        **({"rings": ring_report.rows(report)} if report.rings else {}),
        **({} if report.city_cover is None else {"city_cover": report.city_cover.as_dict()}),
        **({} if levels is None else {"levels": levels["tiers"]}),
        **({} if report.fairness is None else {"fairness": report.fairness.as_dict()}),
        "out_of_reach": tables.out_of_reach_rows(report.cities, report.pairs),
        "measures": None if report.measures is None else report.measures.as_dict(),
        "sizes": sizes(chain),
        "solve": {
            "variant": result.variant,
            "solver": result.solver,
            "seconds": result.seconds,
            "seed": result.seed,
            "threads": result.threads,
            "termination": result.termination,
        },
        "seconds": dict(chain.progress.seconds),
        "reused": list(chain.progress.reused),
        "peak_memory_mb": peak_memory_mb(),
    }


def coverage_rows(report: ReportInput) -> dict[str, dict[str, int]]:
    """Return pairs and weight within the limit by tier, before, after, and with everything built."""
    rows = coverage.by_group(report.pairs).to_dict("records")
    return {
        str(row["group"]): {str(key): int(value) for key, value in row.items() if key != "group"}
        for row in rows
    }


def link_rows(report: ReportInput) -> list[dict[str, Any]]:
    """Return the ranked links without their lines, empty cells as None."""
    table = report.links.drop(columns="geometry")
    rows = table.astype(object).where(table.notna(), None).to_dict("records")
    return [{str(key): _plain(value) for key, value in row.items()} for row in rows]


def today(chain: Chain) -> dict[str, dict[str, dict[str, int]]]:
    """Return today's coverage by both definitions of travel time.

    Parameters
    ----------
    chain
        The steps.

    Returns
    -------
    dict
        By definition and tier of the smaller city: pairs, and pairs within the limit.
    """
    cities = gpd.read_parquet(chain.times.folder / "cities.parquet")
    found: dict[str, dict[str, dict[str, int]]] = {}
    for definition in timing.DEFINITIONS:
        if (chain.times.folder / f"skim_{definition}.npz").exists():
            skim = store.load_array(chain.times.folder, f"skim_{definition}")
            found[definition] = timing.covered_today(cities, skim, limit_s=chain.loaded.job.times.limit_s)
    return found


def sizes(chain: Chain) -> dict[str, int]:
    """Return how large everything is."""
    problem = chain.design
    found = proposing.load_candidates(chain.candidates.folder)
    report = store.load_json(chain.times.folder / "import_report.json").get("simplified", {})
    counts = {
        "road nodes read": report.get("nodes_before"),
        "road links read": report.get("links_before"),
        "road nodes": report.get("nodes"),
        "road links": report.get("links"),
        "cities": len(gpd.read_parquet(chain.times.folder / "cities.parquet")),
        "candidates": len(found),
        "candidates left out by rules": sum(found.report.values()),
        "problem nodes": len(problem.nodes),
        "problem arcs": len(problem.arcs),
        "problem candidates": len(problem.candidates),
        "problem pairs": len(problem.pairs),
        **{f"nodes of ring {ring.id}": len(ring.nodes) for ring in problem.rings},
        **{f"links of ring {ring.id}": len(ring.links) for ring in problem.rings},
    }
    return {name: int(count) for name, count in counts.items() if count is not None}


def peak_memory_mb() -> int | None:
    """Return the most memory that this process and its ended children took, each alone, in MB."""
    if sys.platform == "win32":
        return None
    import resource

    unit = 1 if sys.platform == "darwin" else 1024
    most = max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return most * unit // 1_000_000


def _plain(value: object) -> object:
    return value.item() if isinstance(value, np.generic) else value
