"""Assemble all that a report shows of one plan, with the answers to further questions of its run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from optimiser.job.model import ROBUST_SHARE
from optimiser.job.sections import AS_CHOSEN, slug
from optimiser.measures import coverage, uncertainty
from optimiser.measures.order import Ranking, links_of_rings, rank_links
from optimiser.measures.ring_use import RingUse
from optimiser.measures.tables import Measures
from optimiser.problem import DesignProblem, model, result
from optimiser.problem.errors import listed
from optimiser.report import plots, tables, wording
from optimiser.report.ring_layout import ExistingRing, RingShown, formed
from optimiser.verify import Plan

if TYPE_CHECKING:
    from matplotlib.figure import Figure

ATTRIBUTION = "© OpenStreetMap contributors"
"""What the Open Database Licence asks to be shown wherever its data are."""


type Question = Literal["cases", "prices", "speeds"]
"""What a finished run can be asked: plausible cases, prices of demands, other speeds."""


@dataclass(frozen=True, slots=True)
class StateStep:
    """A step of the build order of a state.

    Attributes
    ----------
    candidate_id
        What is built.
    cost
        What this step costs.
    covered
        Positions of the pairs that come within the limit with it, and were beyond it before.
    """

    candidate_id: str
    cost: int
    covered: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class StateShown:
    """A stated alternative of a run, a plan at another budget or with other rings; or a point of a frontier.

    Attributes
    ----------
    name
        Unique in the run; its folder is `states/<slug>`.
    rings
        What the switch of the page shows: ``no ring``, ``all rings`` or another; of the plan ``as chosen``.
    ring_ids
        Ids of the rings that it must form.
    best_at
        Budget at which its ring is the best of several; None where the job says which rings to form.
    budget
        Money that it may spend; None where it asks for least cost.
    status
        `optimal`, `feasible`, `infeasible` or `unknown`.
    cost, objective
        Of its plan; None where there is none.
    bound, gap
        Proven limit of the objective (of the cost, where least cost is asked for), and relative gap.
    is_proven
        Whether the plan is within the gap that was asked for.
    covered
        Positions of the pairs, as in `ReportInput.pairs`, within the limit with the plan.
    order
        What it builds, in the order of building.
    case
        What differs from the job, as `optimiser.frontier.cases.case_from` reads it.
    circuits
        Positions of the links of each ring that it forms, by id of the ring.
    rings_shown
        All rings of the job, laid out for this plan.
    ring_use
        What the road rings of its plan are for together; None without any.
    why
        A sentence where there is no plan; else empty.
    """

    name: str
    rings: str
    ring_ids: tuple[str, ...] = ()
    best_at: int | None = None
    budget: int | None = None
    status: str = "unknown"
    cost: int | None = None
    objective: int | None = None
    bound: float | None = None
    gap: float | None = None
    is_proven: bool = False
    covered: tuple[int, ...] = ()
    order: tuple[StateStep, ...] = ()
    case: Mapping[str, Any] = field(default_factory=dict)
    circuits: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    rings_shown: tuple[RingShown, ...] = ()
    ring_use: RingUse | None = None
    why: str = ""

    @property
    def slug(self) -> str:
        """Return the name of its folder."""
        return slug(self.name)

    @property
    def built(self) -> frozenset[str]:
        """Return the ids of the candidates that its plan builds."""
        return frozenset(step.candidate_id for step in self.order)

    @property
    def has_plan(self) -> bool:
        """Return whether a plan was found."""
        return self.cost is not None


@dataclass(frozen=True, slots=True)
class CertifiedBound:
    """A bound whose proof was checked in exact integers, without trusting a solver.

    Attributes
    ----------
    bound
        Bound on the objective of every plan.
    gap
        Its relative distance from the objective of the plan.
    seconds
        That the proof took.
    """

    bound: int
    gap: float
    seconds: float


# ---- answers to further questions

type Row = Mapping[str, Any]

FRAGILE_SHARE = 0.5
"""Share of the cases below which a proposal is fragile."""
SETTLED_GAP = 0.02
"""Largest gap of a case that counts. Where the time was too short for that, its plan says little."""
MOST_OTHERS = 6
"""Links of another plan that are named."""
COLUMN, COLUMN_OF = "chosen_in", "of_cases"
"""Columns of links.csv: number of cases that choose the link (empty: kept with a ring), number of cases."""
TABLE = ("name", "description", "today", "plan", "best", "change", "gap")
"""Columns of the table of cases: name, what differs, pairs within the limit of the case today, with the plan
of the job and with the best plan of the case, the change from the plan of the job as assumed, gap."""
PARTS: Mapping[str, str] = wording.WORDS["parts"]
"""Parts of a trip in words."""


def _settled(rows: Iterable[Row]) -> list[Row]:
    """Return the cases whose plan is proven to be within `SETTLED_GAP`."""
    planned = (row for row in rows if row["best"] is not None)
    return [row for row in planned if row["gap"] is not None and row["gap"] <= SETTLED_GAP]


@dataclass(frozen=True, slots=True)
class CaseResults:
    """What plausible cases of a job choose.

    Attributes
    ----------
    rows
        One a case: `name`, `description`, `status`, `gap`, `seconds`, `cost`, `ended` (`Result.termination`;
        what a limit in seconds cut short is asked again by the next call), `built` (ids), and pairs within
        the limit of the case: `pairs` (all), `today`, `plan` (with the plan of the job), `best` (with the
        best plan of the case; None without one).
    pairs, covered
        Pairs, and those within the limit with the plan of the job as assumed.
    kept
        Ids of candidates on the rings of the plan: cases keep these, so that they choose nothing there.
    draws
        One a joint draw of everything uncertain: the keys of `rows`, and `fits`, whether the plan of the job
        can be built in it. They say how sure a proposal is; without draws the cases do.
    other
        The plan of nearly the same weight that shares least money with this one: `built`, `words`, `cost`,
        `shared` (money spent on what both build), `pairs` within the limit and `is_proven`; None: not known.
    plans
        Other best plans: the one that keeps its budget in enough draws, and those that put a share of their
        money into proposals that enough draws choose. `name`, `status`, `gap`, `cost`, `budget`, `built`,
        `best` (pairs within the limit, as assumed), `new` (those not within it today) and `is_proven`.
    failed
        Joint draws whose solver failed, which have no row.
    """

    rows: Sequence[Row]
    pairs: int
    covered: int
    kept: Sequence[str] = ()
    draws: Sequence[Row] = ()
    other: Row | None = None
    plans: Sequence[Row] = ()
    failed: int = 0

    @property
    def asked(self) -> Sequence[Row]:
        """Return what says how sure a proposal is: the draws, else the cases."""
        return self.draws or self.rows

    @property
    def unit(self) -> str:
        """Return what `asked` holds, in words."""
        return "joint draws" if self.draws else "plausible cases"

    @property
    def solved(self) -> list[Row]:
        """Return those of `asked` that count: their plan is proven to be within `SETTLED_GAP`."""
        return _settled(self.asked)

    @property
    def is_enough(self) -> bool:
        """Return whether at least half of the draws count; there is no verdict otherwise."""
        return 0 < len(self.draws) <= 2 * len(self.solved) - self.failed

    def chosen_in(self, candidate_id: str) -> int:
        """Return the number of those that count and choose a candidate."""
        return sum(candidate_id in row["built"] for row in self.solved)

    @property
    def unsettled(self) -> list[Row]:
        """Return the others of `asked` that have a plan."""
        return [row for row in self.asked if row["best"] is not None and row not in self.solved]

    def dropped_in(self, candidate_id: str) -> tuple[str, ...]:
        """Return the names of the cases that count and do not choose a candidate."""
        return tuple(str(row["name"]) for row in _settled(self.rows) if candidate_id not in row["built"])

    def verdict(self, candidate_id: str) -> str:
        """Return whether a candidate is ``robust``, ``mixed`` or ``fragile``; a dash where no case counts."""
        if candidate_id in self.kept:
            return "kept with the ring"
        if not self.is_enough:
            return wording.NONE
        if self.is_core(candidate_id):
            return "robust"
        return "mixed" if self.chosen_in(candidate_id) >= FRAGILE_SHARE * len(self.solved) else "fragile"

    def is_core(self, candidate_id: str) -> bool:
        """Return whether a candidate belongs to the robust core."""
        return candidate_id in self.chosen_by(ROBUST_SHARE)

    def chosen_by(self, share: float) -> list[str]:
        """Return the ids that at least a share of the draws choose, each by itself; none where few count."""
        need = uncertainty.least_for_core(len(self.solved), share)
        names = set[str]().union(*(row["built"] for row in self.solved)) if self.is_enough else set[str]()
        return sorted(name for name in names - set(self.kept) if self.chosen_in(name) >= need)

    def counted(self, candidate_id: str) -> str:
        """Return in how many cases a candidate is chosen, in words."""
        if candidate_id in self.kept:
            return "kept"
        return f"{self.chosen_in(candidate_id)} of {len(self.solved)}"

    def of_most_pairs(self, links: pd.DataFrame) -> str:
        """Return how sure the link is without which most pairs are lost, in a sentence; empty: not known."""
        asked = links[~links["candidate_id"].isin(self.kept)].nlargest(1, "pairs_lost_alone")
        if not self.is_enough or asked.empty:
            return ""
        ((name, words),) = wording.told_apart(asked.to_dict("records")).items()
        lost = f"without which most pairs are lost ({asked['pairs_lost_alone'].iloc[0]})"
        return f"{words}, {lost}, is chosen in {self.counted(name)} joint draws"

    def told(self, candidate_id: str) -> str:
        """Return how often joint draws and single cases choose a candidate, in sentences."""
        if candidate_id in self.kept:
            return "Draws and cases keep what is on a ring of the plan, and so do not say how sure it is."
        missing, settled = self.dropped_in(candidate_id), [str(row["name"]) for row in _settled(self.rows)]
        chosen, count = [name for name in settled if name not in missing], len(settled)
        few, words = (missing, "not in: ") if len(missing) <= len(chosen) else (chosen, "")
        but = f" ({words}{listed(few, MOST_OTHERS)})" if few else ""
        drawn = [f"{self.counted(candidate_id)} joint draws"] if self.draws else []
        single = [f"{count - len(missing)} of {count} single cases{but}"] if count else []
        return f"Chosen in {' and in '.join((*drawn, *single))}." if drawn or single else ""

    def with_counts(self, links: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
        """Return the table of links with the columns `COLUMN` and `COLUMN_OF` before the reason."""
        table = links.copy()
        place = table.columns.get_loc("why") if "why" in table.columns else len(table.columns) - 1
        names = table["candidate_id"]
        counts = [None if name in self.kept else self.chosen_in(name) for name in names]
        table.insert(place, COLUMN, pd.array(counts, dtype="Int64"))
        table.insert(place + 1, COLUMN_OF, len(self.solved))
        return table

    @property
    def listed(self) -> pd.DataFrame:
        """Return the rows of cases.csv: cases, draws, other plans."""
        found = (*self.rows, *self.draws, *self.plans)
        rows = pd.DataFrame([{**row, "built": " ".join(row["built"])} for row in found])
        whole = [name for name in ("cost", "budget", "best", "new") if name in rows]
        return rows.astype(dict.fromkeys(whole, "Int64")).round({"gap": 6})

    def sentences(self, links: pd.DataFrame) -> list[str]:
        """Return the size of the robust core, and the assumption that moves coverage most, in sentences."""
        count, late = len(self.solved), len(self.asked) - len(self.solved)
        found, settled = [], wording.percent(SETTLED_GAP, digits=0)
        if self.is_enough:
            is_core = links["candidate_id"].map(self.is_core).to_numpy(dtype=bool)
            off_rings = " that are on no ring" if self.kept else ""
            asked = links[~links["candidate_id"].isin(self.kept)]
            size = f"{int(is_core.sum())} of {len(asked)} proposals{off_rings}"
            money = wording.share(int(links["cost"][is_core].sum()), int(asked["cost"].sum()))
            often = f"are chosen in at least {wording.percent(ROBUST_SHARE, digits=0)} of {count} joint draws"
            names = list(wording.told_apart(links[is_core].to_dict("records")).values())
            these = f": {wording.join_names(names)}" if 0 < len(names) <= MOST_OTHERS else ""
            found.append(f"{size}, {money} of their money, {often}{these}.")
        elif self.draws:
            found.append(
                f"Only {count} of {len(self.draws) + self.failed} joint draws were settled: no verdict."
            )
        else:
            found.append("How sure a proposal is takes joint draws (cases.draws), which were not asked for.")
        if self.draws:
            fits = sum(bool(row["fits"]) for row in self.draws)
            found.append(f"The plan keeps its budget in {fits} of {len(self.draws)} joint draws.")
        for row in self.plans:
            least = "" if row["is_proven"] else "at least "
            pairs = "new pair" if row["new"] == 1 else "new pairs"
            new = f"{least}{row['new']} {pairs} (this plan {self.covered - row['best'] + row['new']})"
            spent = f"{wording.integer(row['cost'])} of the budget of {wording.integer(row['budget'])}"
            is_this = row["is_proven"] and {*row["built"]} == {*links["candidate_id"]}
            aside = ", rings included" if self.kept else ""
            does = "is this one" if is_this else f"brings {new} and costs {spent}{aside}"
            found.append(f"The best {row['name']} {does}.")
        if out := [str(row["name"]) for row in self.rows if row not in _settled(self.rows)]:
            of = f"{len(out)} of {len(self.rows)} single cases, which do not count"
            found.append(f"Without a plan proven to be within {settled} are {of}: {wording.join_names(out)}.")
        if len(table := self.table):
            moved = f"'{table['name'].iloc[0]}': {table['change'].iloc[0]:+d} of {self.pairs} pairs"
            found.append(f"The assumption that moves the outcome most is {moved}.")
        elif self.rows:
            found.append("With fewer than half, which assumption moves the outcome most is not known.")
        if self.other is not None:
            shared = wording.share(self.other["shared"], self.other["cost"])
            others = listed(self.other["words"], MOST_OTHERS, "; ") or "nothing else"
            aside = ", that on rings aside," if self.kept else ""
            found.append(
                f"The most different plan{'' if self.other['is_proven'] else ' found'} of nearly the same "
                f"weight has {self.other['pairs']} pairs within the limit and {shared} of its money{aside} "
                f"in common with this one; it builds {others}."
            )
        if late and self.is_enough:
            found.append(f"Left out of the joint draws, not settled within {settled}: {late}.")
        return found

    def _change(self, row: Row) -> int:
        """Return by how many pairs the best plan of a case differs from the plan of the job as assumed."""
        return int(row["best"]) - self.covered

    @property
    def table(self) -> pd.DataFrame:
        """Return the cases that count, if half do, the one that moves the outcome most first: `TABLE`."""
        counted = _settled(self.rows)
        rows = [{**row, "change": self._change(row)} for row in counted if 2 * len(counted) >= len(self.rows)]
        rows.sort(key=lambda row: -abs(row["change"]))
        return pd.DataFrame(rows, columns=list(TABLE))

    def plot(self) -> Figure:
        """Draw the tornado: by how many pairs each case moves its best plan, and this plan as it is."""
        table = self.table.iloc[::-1]
        height = 1.5 + 0.27 * len(table)
        with plots.sheet(9.0, height, "What each assumption changes", dpi=100) as figure:
            axes = figure.add_axes((0.3, 0.55 / height, 0.66, 1 - 1.25 / height))
            colours = [plots.GAINS if change >= 0 else plots.LOSES for change in table["change"]]
            look: Any = {"color": colours, "height": 0.62, "label": "best plan of the case"}
            bars = axes.barh(table["name"], table["change"], **look)
            axes.bar_label(bars, fmt="{:+.0f}", padding=5)
            kept = table["plan"] - self.covered
            look = {"s": 34, "c": "white", "edgecolors": plots.INK, "label": "this plan"}
            axes.scatter(kept, table["name"], zorder=3, **look)
            axes.axvline(0, color=plots.INK, lw=0.8)
            plots.plain(axes, grid="x", edges=("bottom",))
            axes.margins(x=0.1)
            axes.set_xlabel(f"pairs within the limit, less the {self.covered} of this plan as assumed")
            axes.legend(loc="best", frameon=False)
        return figure

    def section(self, links: pd.DataFrame) -> dict[str, Any]:
        """Return the variables of the page's section."""
        return {
            "sentences": self.sentences(links),
            "count": len(self.solved),
            "unit": self.unit,
            "open": len(self.unsettled),
            "fragile": wording.percent(FRAGILE_SHARE, digits=0),
            "core": wording.percent(ROBUST_SHARE, digits=0),
            "rows": [{**row, "open": row not in _settled(self.rows)} for row in self.rows],
        }


# ---- the report


@dataclass(frozen=True, slots=True, eq=False)
class ReportInput:
    """Everything that the tables, pictures and pages of one plan show.

    Attributes
    ----------
    region
        Name of the region, as a reader should see it.
    limit_s
        Travel time limit T in seconds.
    budget
        Money that could be spent, None when the problem asks for least cost.
    money
        Unit of every cost, for example ``million CNY``.
    cost
        Cost of what is built, in `money`.
    objective, bound
        Covered weight of the plan (cost, without a budget) and the proven limit on it; None without a proof.
    gap, gap_of_gain
        Relative distance to the bound: of the objective, and of what the plan adds to today. None without a
        bound.
    bound_source
        Whose word the bound is; None without a bound, or where the result does not say.
    cities
        Columns `city_id`, `name`, `tier`, `population`, `geometry` (points, EPSG:4326), index 0..n-1.
    pairs
        One row an unordered pair; columns `origin`, `destination` (int64, rows of `cities`), `group` (str),
        `weight`, `limit_s`, `before_s`, `after_s`, `all_built_s` (int64, seconds;
        `networks.skims.UNREACHABLE` where no path leads) and `links` (tuple of the ids of the proposed
        links on the path of the plan, in order).
    links
        The proposed links in order of rank: the table of `optimiser.report.tables`, with `geometry`
        (EPSG:4326).
    roads, rail
        Today's network: columns `link_class` (str), `geometry` (lines, EPSG:4326).
    definition
        ``door_to_door`` or ``in_vehicle``.
    variant, solver, seconds
        How the plan was found, and the wall time of the solve.
    assumptions
        Rows of (what, value), in reading order.
    sensitivity
        Coverage under other assumptions: columns `case` (str), then per group two columns `<group> before`
        and `<group> after` (float, shares 0 to 1). None where it was not computed.
    unasked
        What was not asked of the plan, why, and which command asks it, as sentences.
    sources
        Sentences on data, vintage and licence.
    rings
        Rings that the job asks for, formed or not, in the order of the problem.
    ring_use
        What the road rings of the plan are for together; None without any.
    existing_rings
        Rings of a web that are not proposed, since they exist already.
    notes
        Cautions to be read before the plan; usually none.
    merged
        Places that count as parts of a city: `name`, `population`, `city`, `km`, `why`.
    what_if
        What differs from the job, in a sentence; empty where nothing does.
    forced
        Ids of the candidates that every plan must build.
    is_of_job
        Whether the job in the folder of the page leads to the plan, so that commands about it are offered.
    screening
        Caution on a network whose classes are inferred, shown first; empty where they are known.
    attribution
        Shown on every picture and page.
    measures
        Equity, dependence on the core, appraisal of each link, build order; None where not measured.
    fairness
        What the demands of the job change and cost; None where it demands nothing.
    cases
        What plausible cases choose; None where they are not solved, or not yet.
    certified
        The bound that the certificate proves; None without one, or not yet.
    capacities
        Sections of line with limits that matter: the table of `tables.tabulate_sections`; None where trains
        have no limits.
    city_cover
        Cities that count as a whole, as `optimiser.run.demands.city_cover` tells them; None where the job
        counts none.
    counted
        What the objective adds up, in words.
    points, knee
        Points of a frontier, by cost, where the page is that of a frontier, and which of them is its knee:
        `links` are then those of all points, in the order in which they enter, with columns `enters_at`
        (cost), `points` (how many build it) and `is_core` (bool); the plan is that of the last point. Empty
        for the page of a plan.
    states
        Stated alternatives of the plan, which is the first of them; empty where none are stated, or not yet.
    state_links
        Everything that some state builds: the columns of `links` that hold for candidates (`candidate_id`,
        `kind`, `mode`, `from_name`, `to_name`, `length_km`, `cost`, ...) and `geometry`; None without states.
    idle
        Candidates that the plan leaves out, what adds most pairs first: `candidate_id`, `kind`, `from_name`,
        `to_name`, `cost`, and `adds`, the pairs (positions) that each by itself would add to the plan. Empty
        where no page is written.
    """

    region: str
    limit_s: int
    budget: int | None
    money: str
    cost: int
    objective: int
    bound: float | None
    gap: float | None
    gap_of_gain: float | None
    cities: gpd.GeoDataFrame
    pairs: pd.DataFrame
    links: gpd.GeoDataFrame
    roads: gpd.GeoDataFrame
    rail: gpd.GeoDataFrame
    bound_source: result.ProofSource | None = None
    definition: str = "door_to_door"
    variant: str = ""
    solver: str = ""
    seconds: float = 0.0
    assumptions: tuple[tuple[str, str], ...] = ()
    sensitivity: pd.DataFrame | None = None
    unasked: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    screening: str = ""
    notes: tuple[str, ...] = ()
    merged: tuple[Mapping[str, Any], ...] = ()
    what_if: str = ""
    forced: tuple[str, ...] = ()
    is_of_job: bool = True
    rings: tuple[RingShown, ...] = ()
    ring_use: RingUse | None = None
    existing_rings: tuple[ExistingRing, ...] = ()
    measures: Measures | None = None
    fairness: coverage.Fairness | None = None
    cases: CaseResults | None = None
    certified: CertifiedBound | None = None
    capacities: pd.DataFrame | None = None
    city_cover: Mapping[str, Any] | None = None
    counted: str = "covered weight"
    attribution: str = ATTRIBUTION
    points: tuple[StateShown, ...] = ()
    knee: int | None = None
    states: tuple[StateShown, ...] = ()
    state_links: gpd.GeoDataFrame | None = None
    idle: Sequence[Row] = ()

    @property
    def ranks(self) -> dict[str, int]:
        """Return the rank of each proposed link by its id."""
        return dict(zip(self.links["candidate_id"], self.links["rank"].astype(int), strict=True))

    @property
    def plans(self) -> tuple[StateShown, ...]:
        """Return what a reader of a page chooses from: points of a frontier, states, or the plan alone."""
        return self.points or self._without_twin() or (self._chosen(),)

    def _without_twin(self) -> tuple[StateShown, ...]:
        """Return the states; the plan as chosen takes place and choice of rings of one that is equal."""
        same = [(one.budget, one.built, {*one.circuits}) for one in self.states]
        twin = same.index(same[0], 1) if same[:1] and same[0] in same[1:] else 0
        chosen = [replace(one, rings=self.states[twin].rings) for one in self.states[:1]]
        return (*chosen, *(one for at, one in enumerate(self.states) if at not in (0, twin)))

    @property
    def has_order(self) -> bool:
        """Return whether it is known in which order to build."""
        return bool(self.states) or (self.measures is not None and len(self.measures.build_order) > 1)

    def _chosen(self) -> StateShown:
        """Return the plan as a state; without a build order, all pairs come with its last proposal."""
        within, today = (coverage.within(self.pairs, state=state) for state in ("after", "before"))
        steps = self.links[["candidate_id", "cost"]]
        opens = np.where(within & ~today, len(steps), 0)
        if self.measures is not None and self.has_order:
            steps, opens = self.measures.build_order.iloc[1:], self.measures.seconds["step"].to_numpy()
        return StateShown(
            name="as chosen",
            rings="as chosen",
            budget=self.budget,
            cost=self.cost,
            gap=self.gap,
            covered=tuple(np.flatnonzero(within).tolist()),
            order=tuple(
                StateStep(str(name), int(cost), tuple(np.flatnonzero(opens == step).tolist()))
                for step, (name, cost) in enumerate(
                    zip(steps["candidate_id"], steps["cost"], strict=True), start=1
                )
            ),
            rings_shown=self.rings,
            ring_use=self.ring_use,
        )

    def forming(self, budget: int | None, ring_id: str = "") -> StateShown | None:
        """Return the state that forms a ring and fewest others, with the budget nearest to another.

        Parameters
        ----------
        budget
            None where cost is minimised.
        ring_id
            Id of the ring; empty: any.

        Returns
        -------
        StateShown or None
            None where no state forms it.
        """

        def distance(one: StateShown) -> tuple[int, int]:
            return len(formed(one.rings_shown)), abs((one.budget or 0) - (budget or 0))

        found = [
            one for one in self.states if any(ring_id in ("", ring.id) for ring in formed(one.rings_shown))
        ]
        return min(found, key=distance, default=None)

    def left_out(self, state: StateShown) -> list[RingShown]:
        """Return the rings to show beside a state that forms none: as the nearest state forms fewest."""
        if formed(state.rings_shown):
            return []
        found = self.forming(state.budget)
        return [] if found is None else formed(found.rings_shown)

    def with_circuits(self) -> ReportInput:
        """Return the report with a circuit for each ring that the plan leaves out and some state forms."""
        rings = list(self.rings)
        for at, ring in enumerate(rings):
            other = None if ring.is_formed else self.forming(self.budget, ring.id)
            if other is not None:
                (found,) = (one for one in other.rings_shown if one.id == ring.id)
                held = {
                    name: getattr(found, name) for name in ("pieces", "cities", "inside", "overlaps", "use")
                }
                rings[at] = replace(ring, is_left_out=True, **held)
        return replace(self, rings=tuple(rings))

    @property
    def state_table(self) -> pd.DataFrame:
        """Return what each state costs and brings: the columns of states.csv."""
        group = self.pairs["group"].to_numpy()
        rows = []
        for one in self.states:
            within = group[list(one.covered)].tolist()
            rings = formed(one.rings_shown)
            has_folder = one.has_plan and one.name != AS_CHOSEN
            rows.append(
                {name: getattr(one, name) for name in _OF_STATE}
                | {"pairs": len(within) if one.has_plan else None}
                | {f"pairs_{tier}": within.count(tier) if one.has_plan else None for tier in model.TIERS}
                | {f"ring_{name}": sum(getattr(ring, name) for ring in rings) for name in _OF_RINGS}
                | {"folder": f"states/{one.slug}" if has_folder else "", "why": one.why}
            )
        whole = ("budget", "cost", "objective", "pairs", *(f"pairs_{tier}" for tier in model.TIERS))
        return (
            pd.DataFrame(rows, columns=list(tables.COLUMNS["states"]))
            .astype(dict.fromkeys(whole, "Int64"))
            .round({"gap": 6, "ring_length_km": 1, "ring_new_km": 1})
        )

    def money_of(self, amount: float) -> str:
        """Return an amount of money in words, with the unit of the problem."""
        return wording.money(amount, self.money)


_OF_STATE = ("name", "budget", "rings", "status", "cost", "objective", "bound", "gap")
_OF_RINGS = ("length_km", "new_km", "cost")
"""What the table of states has of a state as it is, and of the rings that it forms as a sum."""
OF_PLAN = ("cost", "objective", "bound", "gap", "gap_of_gain", "bound_source")
"""What a report takes over from its plan as it is."""


def assemble(
    problem: DesignProblem,
    plan: Plan,
    *,
    cities: gpd.GeoDataFrame,
    candidates: gpd.GeoDataFrame,
    ends: NDArray[np.int64],
    ranking: Ranking | None = None,
    **further: Any,  # noqa: ANN401 - passed on: the further fields of ReportInput, each with its own type
) -> ReportInput:
    """Return all that a report of a verified plan shows.

    Parameters
    ----------
    problem, plan
        What was solved, and what the independent check found.
    cities, candidates
        Tables of the cities (`city_id`, `name`, `tier`, `population`, `geometry`) and of the candidates.
    ends
        Rows of the cities that each pair of the problem joins, int64 [pairs x 2]: the columns `origin` and
        `destination` of `prepare.Prepared.pairs`.
    ranking
        The rank of the links, where it is known already.
    **further
        Further fields of `ReportInput`: `region`, `roads` and `rail`; also, for example, `rings`.

    Returns
    -------
    ReportInput
        With every pair, the ranked links, and the paths over them.
    """
    cities = cities.reset_index(drop=True)
    population = cities["population"].to_numpy(dtype=np.int64)
    links, paths = tables.tabulate_links(
        problem,
        ranking or rank_links(problem, plan.built, links_of_rings(problem, plan.rings)),
        candidates=candidates,
        smaller_city=tables.smaller_city(ends, population),
        population=population,
    )
    found = [tables.package(row, further.get("rings", ())) for row in links.to_dict("records")]
    links.insert(2, "package", found)
    return ReportInput(
        limit_s=max((pair.limit for pair in problem.pairs), default=0),
        budget=problem.budget,
        money=problem.money,
        forced=tuple(one.id for one in problem.candidates if one.fixed == "in"),
        **{name: getattr(plan, name) for name in OF_PLAN},
        cities=cities,
        pairs=tables.tabulate_pairs(problem, plan, ends=ends, paths=paths),
        links=links,
        **further,
    )
