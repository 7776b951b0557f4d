"""Show a robust plan: what it is worth in each scenario beside the best plan of each, and its links."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from optimiser.report import files, page, style, wording

if TYPE_CHECKING:
    from matplotlib.figure import Figure

PICTURE, PAGE = "robust.png", "robust.html"
WIDTH, DPI = 9.0, 150
"""Inches, and dots per inch."""
ROW, EDGES = 0.26, 2.0
"""Height of a scenario, and of everything else, inches."""
KINDS = {
    "expected": "the largest expected weight",
    "share": "the largest expected weight with a least share in every scenario",
    "max_min": "the largest share that every scenario can be given",
    "count": "the largest weight of pairs covered in enough scenarios",
    "regret": "the smallest largest regret",
}
"""What a plan of each kind is best in."""


def write(summary: Mapping[str, Any], scenarios: pd.DataFrame, links: pd.DataFrame, folder: Path) -> None:
    """Write the picture and the page of a robust plan.

    Parameters
    ----------
    summary
        Contents of `robust.json`.
    scenarios, links
        Rows of `scenarios.csv` and `robust_links.csv`.
    folder
        Receives `robust.png` and `robust.html`.
    """
    files.write_figure(draw(summary, scenarios), folder / PICTURE, dpi=DPI)
    picture = base64.b64encode((folder / PICTURE).read_bytes()).decode()
    text = page.render_still(
        "robust.html",
        {
            "title": f"Robust plan: {summary['name']}",
            "what": KINDS[summary["kind"]],
            "picture": f"data:image/png;base64,{picture}",
            "figures": figures(summary),
            "compared": "best" in scenarios and scenarios["best"].notna().any(),
            "rows": [_scenario(row) for row in scenarios.to_dict("records")],
            "links": [_link(row, len(scenarios)) for row in links.to_dict("records")],
            "money": summary["money"],
        },
    )
    files.write_text(folder / PAGE, text)


def figures(summary: Mapping[str, Any]) -> dict[str, str]:
    """Return what a reader must know of a robust plan, each with its words.

    Parameters
    ----------
    summary
        Contents of `robust.json`.
    """
    found = {
        "best in": KINDS[summary["kind"]],
        "scenarios": f"{summary['scenarios']:,}",
        "links": f"{summary['links']:,}",
        "cost": f"{summary['cost']:,} of {summary['budget']:,} {summary['money']}".strip(),
        "proven gap": wording.percent(summary["gap"]),
        "weight within the limit, mean": f"{summary['mean_plan']:,.0f} (today {summary['mean_today']:,.0f})",
    }
    if "mean_best" in summary:
        found["mean of the best plan of each scenario"] = f"{summary['mean_best']:,.0f}"
        found["largest regret"] = (
            f"{summary['largest_regret']:,} (proven to be at most {summary['largest_regret_most']:,})"
        )
    level = summary.get("level") or {}
    if "share" in level:
        found["share in every scenario"] = (
            f"{level['share']:.1%} (proven to be at most {level['share_most']:.1%})"
        )
    if "regret" in level:
        found["smallest largest regret"] = f"proven to be at least {max(0, level['regret_least']):,}"
    return found


def draw(summary: Mapping[str, Any], scenarios: pd.DataFrame) -> Figure:
    """Return the picture: for each scenario the share of the coverable weight, today, with the plan, at best.

    Parameters
    ----------
    summary
        Contents of `robust.json`.
    scenarios
        Rows of `scenarios.csv`.
    """
    whole = scenarios["coverable"].clip(lower=1)
    shares = pd.DataFrame({name: scenarios[name] / whole for name in ("today", "plan")})
    compared = scenarios["best"].notna().any()
    if compared:
        shares["best"] = scenarios["best"] / whole
    order = shares["plan"].sort_values().index
    height = EDGES + ROW * len(scenarios)
    with style.figure(WIDTH, height, dpi=DPI, size=9) as figure:
        figure.text(0.03, 1 - 0.45 / height, f"Robust plan: {summary['name']}", size=15, weight="bold")
        words = f"{KINDS[summary['kind']]}, proven within {wording.percent(summary['gap'])}"
        figure.text(0.03, 1 - 0.75 / height, words[0].upper() + words[1:], size=9.5, color=style.MUTED)
        axes = figure.add_axes((0.2, 0.7 / height, 0.76, 1 - 1.9 / height))
        at = list(range(len(order)))
        last = "best" if compared else "plan"
        axes.hlines(at, shares.loc[order, "today"], shares.loc[order, last], color="#c9ced3", linewidth=2)
        marks = [("today", "o", "today", style.MUTED), ("plan", "o", "robust plan", "#d55e00")]
        if compared:
            marks.insert(1, ("best", "|", "best plan of the scenario alone", "#0072b2"))
        for name, mark, words, colour in marks:
            axes.scatter(
                shares.loc[order, name],
                at,
                s=120 if mark == "|" else 34,
                marker=mark,
                color=colour,
                linewidths=2,
                label=words,
                zorder=3,
            )
        axes.set_yticks(at, [str(scenarios["scenario"][row])[:28] for row in order])
        axes.set_ylim(-0.6, len(at) - 0.4)
        axes.xaxis.set_major_formatter(lambda value, _at: f"{100 * value:.0f} %")
        axes.set_xlabel("share of the weight that could be within the limit with everything built")
        for side, spine in axes.spines.items():
            spine.set_visible(side == "bottom")
        axes.grid(axis="x", color="#e6e3dc", linewidth=0.6)
        axes.set_axisbelow(True)
        axes.set_facecolor("none")
        axes.legend(
            loc="lower left", bbox_to_anchor=(0, 1.0), ncols=3, frameon=False, borderaxespad=0, fontsize=9
        )
    return figure


def _scenario(row: Mapping[Any, Any]) -> dict[str, Any]:
    compared = row["best"] is not None and not pd.isna(row["best"])
    return {
        "name": row["scenario"],
        "words": row["description"],
        "today": _share(row, "today"),
        "plan": _share(row, "plan"),
        "best": _share(row, "best") if compared else "",
        "regret": f"{int(row['regret']):,}" if compared else "",
        "pairs": f"{row['pairs_plan']:,}",
        "cost": f"{row['cost']:,} of {row['budget']:,}",
        "fits": bool(row["fits"]),
    }


def _share(row: Mapping[Any, Any], name: str) -> str:
    return f"{100 * row[name] / max(1, row['coverable']):.1f}"


def _link(row: Mapping[Any, Any], count: int) -> dict[str, Any]:
    known = row["best_in"] is not None and not pd.isna(row["best_in"])
    return {
        "name": row["name"],
        "kind": wording.kind(str(row["kind"])),
        "cost": f"{row['cost']:,}",
        "in_plan": bool(row["in_plan"]),
        "best_in": f"{int(row['best_in'])} of {count}" if known else "",
    }
