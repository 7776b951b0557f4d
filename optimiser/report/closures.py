"""Show what remains of a plan when each of its links, or a section of today's network, is closed."""

from __future__ import annotations

import base64
import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import pandas as pd

from optimiser.report import files, page, style, wording

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

FORMAT = "polyring-closures/1"
KINDS = {"link": "link", "section": "section of line", "expressway": "expressway"}
"""What is closed, in words."""
MOST_DRAWN = 28
"""Closures in the picture: those that leave least."""
MOST_PAIRS = 6
"""Pairs that the page names for each closure."""
WIDTH, DPI = 12.0, 150
"""Inches, and dots per inch."""
PLAN, JOB = style.GAINS, "#8e4fa8"
"""Colours of the two plans."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClosureShown:
    """What a closure leaves of two plans.

    Attributes
    ----------
    id, kind, name, note
        Which closure; kind is a key of `KINDS`.
    today, plan, job
        Weight of the pairs within the limit under the closure: today, with the plan of this page, and with
        the plan of the job, which looks at no closure.
    in_plan, in_job
        Whether a link is built by the plans.
    lost
        Pairs that the plan loses, by falling weight.
    """

    id: str
    kind: str
    name: str
    note: str
    today: int
    plan: int
    job: int
    in_plan: bool
    in_job: bool
    lost: tuple[str, ...]

    @property
    def what(self) -> str:
        """Return what is closed, in words: of a link its kind."""
        return wording.kind(self.note) if self.kind == "link" else KINDS[self.kind]


@dataclass(frozen=True, slots=True, kw_only=True)
class CostOfKeeping:
    """What it costs to keep a share of the coverage of the job's plan.

    Attributes
    ----------
    weight
        That coverage.
    alone, alone_bound
        Least cost found of covering it, and its proven bound; None where unknown.
    kept, kept_bound
        Likewise with the share kept under every closure.
    impossible
        Whether it is proved that no plan keeps it, at any cost.
    """

    weight: int
    alone: int | None
    alone_bound: int | None
    kept: int | None
    kept_bound: int | None
    impossible: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ClosedPlans:
    """The best plan under closures beside the plan of the job.

    Attributes
    ----------
    region
        Title of the region.
    share, counted
        What is kept under each closure, and of what (`gain` or `coverage`).
    answer_status, credited, bound, gap
        Status, credited coverage, its proven bound and relative gap.
    free
        Largest coverage found without any closure.
    credited_job
        Coverage that the plan of the job would be credited with.
    today, weight_plan, weight_job
        Weight of the pairs within the limit with nothing closed.
    seconds, rounds, added
        Effort, and closures that were in the last problem.
    closures
        What each closure leaves, the worst first.
    only_plan, only_job
        Links that one of the plans builds alone.
    cost
        What it costs; None: not asked.
    money
        Unit of costs.
    attribution
        Notice of the data.
    """

    region: str
    share: float
    counted: Literal["gain", "coverage"]
    answer_status: str
    credited: int
    bound: int
    gap: float | None
    free: int
    credited_job: int
    today: int
    weight_plan: int
    weight_job: int
    seconds: float
    rounds: int
    added: int
    closures: tuple[ClosureShown, ...]
    only_plan: tuple[str, ...]
    only_job: tuple[str, ...]
    cost: CostOfKeeping | None
    money: str
    attribution: str

    @property
    def price(self) -> int:
        """Return the weight within the limit that resilience gives up: the best coverage without it, less."""
        return self.free - self.weight_plan

    def kept_share(self, one: ClosureShown, *, of_plan: bool = True) -> float | None:
        """Return the share that a plan keeps under a closure; None where it gains nothing.

        Of the plan of this page it is the share of the coverage that it is credited with, of the plan of the
        job of its own coverage.
        """
        whole, left = (self.credited, one.plan) if of_plan else (self.weight_job, one.job)
        before, before_closed = (self.today, one.today) if self.counted == "gain" else (0, 0)
        return (left - before_closed) / (whole - before) if whole > before else None

    @property
    def table(self) -> pd.DataFrame:
        """Return one row a closure: the columns of `closures.csv`."""
        return pd.DataFrame(
            [
                {
                    "closure": one.id,
                    "kind": one.kind,
                    "name": one.name,
                    "note": one.note,
                    "weight_today": one.today,
                    "weight_plan": one.plan,
                    "share_plan": self.kept_share(one),
                    "weight_job": one.job,
                    "share_job": self.kept_share(one, of_plan=False),
                    "in_plan": one.in_plan,
                    "in_job": one.in_job,
                    "pairs_lost": len(one.lost),
                    "lost": "; ".join(one.lost),
                }
                for one in self.closures
            ]
        )

    def as_dict(self) -> dict[str, Any]:
        """Return the contents of `closures.json`; what each closure leaves is in `closures.csv`."""
        values = dataclasses.asdict(self)
        del values["closures"]
        return {"format": FORMAT, **values, "price": self.price, "closures": len(self.closures)}

    def sentences(self) -> Iterator[str]:
        """Yield what was found, as sentences."""
        of = "what it adds to today" if self.counted == "gain" else "its coverage"
        yield (
            f"A plan is credited with the coverage of which it keeps {self.share:.0%} of {of}, whichever of "
            f"{len(self.closures)} links, sections and stretches is closed."
        )
        proof = (
            "no bound is proven"
            if self.gap is None
            else f"no plan can be credited with more than {self.bound:,} (gap {wording.gap(self.gap)})"
        )
        yield f"The best plan found is credited with a weight of {self.credited:,}; {proof}."
        price = f"{abs(self.price):,} {'more' if self.price >= 0 else 'less'}"
        yield (
            f"With everything open it covers {self.weight_plan:,}; the most found without any demand "
            f"on closures is {self.free:,}, {price}: the price of resilience."
        )
        yield (
            f"The plan of the job covers {self.weight_job:,}, and would be credited with "
            f"{self.credited_job:,}."
        )
        if self.cost is not None:
            yield self._cost_sentence(self.cost)

    def _cost_sentence(self, cost: CostOfKeeping) -> str:
        if cost.impossible:
            return f"No plan keeps that share of {cost.weight:,} at any cost; proved."
        if cost.alone is None or cost.kept is None:
            return f"What it costs to keep that share of {cost.weight:,} was not found in time."
        alone, kept = (wording.money(value, self.money) for value in (cost.alone, cost.kept))
        bound = "" if cost.kept_bound is None else f", at least {wording.money(cost.kept_bound, self.money)}"
        return f"To cover {cost.weight:,} costs {alone}; to keep that share of it costs {kept}{bound}."


def write(found: ClosedPlans, folder: Path) -> None:
    """Write `closures.csv`, `closures.png` and `closures.html` into a folder, each whole or not at all."""
    files.write_csv(found.table, folder / "closures.csv")
    picture = files.write_figure(draw(found), folder / "closures.png", dpi=DPI)
    files.write_text(folder / "closures.html", _page(found, picture))


def draw(found: ClosedPlans, *, dpi: int = DPI) -> Figure:
    """Return the picture of what remains of both plans under each closure, bound to no window."""
    rows = _drawn(found)
    height = 2.6 + 0.3 * len(rows)
    with style.figure(WIDTH, height, dpi=dpi, size=9) as figure:
        title = f"{found.region}: what remains when one link is closed"
        figure.text(0.02, 1 - 0.42 / height, title, size=15, weight="bold", parse_math=False)
        of = "of what each plan adds to today" if found.counted == "gain" else "of the coverage"
        words = f"Share kept {of}; of {len(found.closures)} closures the {len(rows)} that leave least"
        figure.text(0.02, 1 - 0.72 / height, words, color=style.MUTED)
        _dots(figure.add_axes((0.42, 0.9 / height, 0.55, 1 - 2.1 / height)), found)
        figure.text(0.02, 0.2 / height, found.attribution, size=7.5, color=style.MUTED, parse_math=False)
    return figure


def _drawn(found: ClosedPlans) -> list[ClosureShown]:
    """Return the closures of which a plan keeps the smallest shares, by the share of the plan of the page."""

    def shares(one: ClosureShown) -> list[float]:
        known = (found.kept_share(one, of_plan=of_plan) for of_plan in (True, False))
        return [1.0 if share is None else share for share in known]

    worst = sorted(found.closures, key=lambda one: (min(shares(one)), one.id))[:MOST_DRAWN]
    return sorted(worst, key=lambda one: (shares(one), one.id))


def _dots(axes: Axes, found: ClosedPlans) -> None:
    rows = _drawn(found)
    for at, one in enumerate(rows):
        shares = [found.kept_share(one, of_plan=of_plan) for of_plan in (True, False)]
        known = [share for share in shares if share is not None]
        axes.plot(known, [at] * len(known), color=style.RULE, linewidth=1.2, zorder=1)
        for share, colour, mark, size in zip(shares, (PLAN, JOB), ("o", "D"), (52, 26), strict=True):
            if share is not None:
                axes.scatter([share], [at], color=colour, marker=mark, s=size, zorder=2 + size)
    axes.axvline(found.share, color=style.LOSES, linewidth=1.2, linestyle="--", zorder=0)
    names = [f"{one.name}  ·  {one.what}" for one in rows]
    axes.set_yticks(range(len(rows)), names, parse_math=False)
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.xaxis.set_major_formatter(lambda value, _at: f"{value:.0%}")
    axes.grid(axis="x", color=style.RULE, linewidth=0.6)
    axes.tick_params(length=0)
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    axes.scatter([], [], color=PLAN, marker="o", s=52, label="Plan that looks at closures")
    axes.scatter([], [], color=JOB, marker="D", s=26, label="Plan of the job")
    axes.plot([], [], color=style.LOSES, linestyle="--", label=f"{found.share:.0%} asked for")
    axes.legend(loc="lower center", bbox_to_anchor=(0.4, 1.0), ncols=3, frameon=False)


def _page(found: ClosedPlans, picture: Path) -> str:
    image = base64.b64encode(picture.read_bytes()).decode()
    rows = [
        {
            "name": one.name,
            "kind": one.what,
            "note": "" if one.kind == "link" else one.note,
            "plan": wording.integer(one.plan),
            "share_plan": wording.percent(found.kept_share(one)),
            "job": wording.integer(one.job),
            "share_job": wording.percent(found.kept_share(one, of_plan=False)),
            "lost": _lost(one),
        }
        for one in found.closures
    ]
    variables = {
        "title": f"{found.region}: a plan that closures do not break",
        "sentences": list(found.sentences()),
        "picture": f"data:image/png;base64,{image}",
        "rows": rows,
        "only_plan": found.only_plan,
        "only_job": found.only_job,
        "attribution": found.attribution,
    }
    return page.render_still("closures.html", variables)


def _lost(one: ClosureShown) -> str:
    if not one.lost:
        return "none"
    more = len(one.lost) - MOST_PAIRS
    return ", ".join(one.lost[:MOST_PAIRS]) + (f" and {more} more" if more > 0 else "")
