"""Explain one link of a plan: who needs it, what stands in when it goes, what it beats, how sure it is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property

import geopandas as gpd
import numpy as np
import pandas as pd

from optimiser.measures import coverage
from optimiser.measures.valuation import PairTable, Valuer
from optimiser.problem import DesignProblem
from optimiser.problem.errors import InfeasibleError, SolverError
from optimiser.proposals.table import Candidates
from optimiser.report import page, wording
from optimiser.report.inputs import ReportInput
from optimiser.report.tables import COLUMNS, name_pairs
from optimiser.run.measured_plan import MeasuredPlan

MOST_ALTERNATIVES = 10
"""Candidates that the link beats: so many are kept, the best first."""

_HIDDEN = ("candidate_id",)


@dataclass(frozen=True, eq=False)
class Why:
    """Why a plan builds a link.

    Attributes
    ----------
    rank, candidate_id, title
        The link.
    pairs
        Pairs that it serves, those that need it first: columns `why.pairs`.
    swaps, moved
        What the best plan without it builds otherwise, and which pairs change: columns `why.swaps`,
        `why.moved`. Empty where there is no such plan.
    stand_in
        What stands in, in a sentence.
    alternatives
        The best candidates that are not built: columns `why.alternatives`.
    cases
        Plausible cases that do not choose it; `sure` says in how many it is chosen.
    sure
        In a sentence; empty where cases were not solved.
    evidence
        What the table of links says of it, by column.
    """

    rank: int
    candidate_id: str
    title: str
    pairs: pd.DataFrame = field(repr=False)
    swaps: pd.DataFrame = field(repr=False)
    moved: pd.DataFrame = field(repr=False)
    stand_in: str
    alternatives: pd.DataFrame = field(repr=False)
    cases: tuple[str, ...]
    sure: str
    evidence: pd.Series = field(repr=False)

    @cached_property
    def sentences(self) -> tuple[str, ...]:
        """Return what was found, one sentence each."""
        return tuple(text for text in self._sentences() if text)

    def _sentences(self) -> Iterator[str]:
        need = int(self.pairs["needs_it"].sum())
        faster = len(self.pairs) - need
        yield (
            f"{_counted(need, 'pair')} within the limit {'needs' if need == 1 else 'need'} it; "
            f"{faster} more {'is' if faster == 1 else 'are'} faster with it."
        )
        yield self.stand_in
        if len(self.alternatives):
            kept = int(self.alternatives["pairs_kept"].max())
            yield f"Of what is not built, the best in its place would keep {kept} of the pairs that need it."
        else:
            yield "Nothing that is not built could take its place."
        yield self.sure
        today = str(self.evidence.get("today") or "")
        yield f"Today between its ends: {today}." if today else ""

    def __str__(self) -> str:
        """Return the sentences as text, with the pairs that need the link."""
        rows = self.pairs[self.pairs["needs_it"]]
        lines = [f"{self.rank}. {self.title}", *self.sentences]
        return "\n".join(
            [*lines, rows.drop(columns="needs_it").to_string(index=False)] if len(rows) else lines
        )

    def _repr_html_(self) -> str:
        """Return sentences and tables as HTML, for a notebook."""
        parts = [page.heading(f"{self.rank}. {self.title}", *self.sentences)]
        for words, table in (
            ("Pairs that it serves, in minutes", self.pairs),
            ("The best plan without it, at the same money", self.swaps),
            ("Pairs that change with that plan", self.moved),
            ("Candidates in its place", self.alternatives),
        ):
            if len(table):
                shown = {name: name.replace("_", " ") for name in table.columns if name not in _HIDDEN}
                parts.append(page.heading(words) + page.table(table, columns=shown, most=12))
        return "".join(parts)


def explain(
    name: str,
    *,
    shown: ReportInput,
    counted: DesignProblem,
    candidates: Candidates,
    measured: MeasuredPlan,
    without: Callable[[], ReportInput],
) -> Why:
    """Explain a link of a plan.

    Parameters
    ----------
    name
        Id of the link.
    shown
        What is shown of the plan.
    counted
        The problem, its pairs within the limit alone.
    candidates
        Everything that could be built.
    measured
        The plan with exact times beyond the limits.
    without
        Solves the same question without the link, and returns what is shown of that plan.
    """
    row = shown.links[shown.links["candidate_id"] == name].iloc[0]
    kind = wording.kind(str(row["kind"]))
    pairs, needing = _served(name, shown, measured)
    swaps, moved = (pd.DataFrame(columns=list(COLUMNS[f"why.{name}"])) for name in ("swaps", "moved"))
    try:
        other = without()
    except (InfeasibleError, SolverError) as error:
        stand_in = f"Without it no plan was found: {error.what}"
    else:
        swaps, moved = _swaps(shown, other), _moved(shown, other)
        stand_in = _stand_in(swaps, moved, other.gap)
    cases = shown.cases
    missing = () if cases is None else cases.dropped_in(name)
    but = f", not in: {', '.join(missing)}" if missing else ""
    sure = "" if cases is None else f"Chosen in {cases.counted(name)} plausible cases{but}."
    return Why(
        rank=int(row["rank"]),
        candidate_id=name,
        title=f"{wording.link_name(row.to_dict())} ({kind}, {shown.money_of(row['cost'])})",
        pairs=pairs,
        swaps=swaps,
        moved=moved,
        stand_in=stand_in,
        alternatives=_alternatives(name, shown, counted, candidates, needing),
        cases=missing,
        sure=sure,
        evidence=pd.Series(row.drop("geometry")),
    )


def _served(name: str, shown: ReportInput, measured: MeasuredPlan) -> tuple[pd.DataFrame, list[int]]:
    """Return the pairs within the limit that are slower without a link, and positions of those in need."""
    states = measured.states
    plan, without = states["plan"].times, measured.state(states["plan"].built - {name}).times
    limits = shown.pairs["limit_s"].to_numpy(dtype=np.int64)
    served = np.flatnonzero((plan <= limits) & (without > plan))
    weights = shown.pairs["weight"].to_numpy(dtype=np.int64)
    order = sorted(served.tolist(), key=lambda k: (without[k] <= limits[k], -weights[k], k))
    needing = [k for k in order if without[k] > limits[k]]
    times = {"today_min": states["today"].times, "with_min": plan, "without_min": without}
    minutes = {column: seconds[order].tolist() for column, seconds in times.items()}
    table = name_pairs(shown.cities, shown.pairs.iloc[order], minutes)
    table["needs_it"] = np.array([k in set(needing) for k in order], dtype=np.bool_)
    return table[list(COLUMNS["why.pairs"])], needing


def _swaps(shown: ReportInput, other: ReportInput) -> pd.DataFrame:
    here, there = set(shown.links["candidate_id"]), set(other.links["candidate_id"])
    parts = [
        pd.DataFrame(links[links["candidate_id"].isin(names)]).assign(change=change)
        for change, links, names in (("out", shown.links, here - there), ("in", other.links, there - here))
    ]
    return pd.concat(parts, ignore_index=True)[list(COLUMNS["why.swaps"])]


def _moved(shown: ReportInput, other: ReportInput) -> pd.DataFrame:
    before = coverage.within(shown.pairs, state="after").to_numpy()
    after = coverage.within(other.pairs, state="after").to_numpy()
    rows = [*np.flatnonzero(before & ~after).tolist(), *np.flatnonzero(after & ~before).tolist()]
    words = ["lost" if before[k] else "gained" for k in rows]
    named = name_pairs(shown.cities, shown.pairs.iloc[rows], {})
    return named.assign(change=words)[list(COLUMNS["why.moved"])]


def _stand_in(swaps: pd.DataFrame, moved: pd.DataFrame, gap: float | None) -> str:
    new, gone = (int((swaps["change"] == change).sum()) for change in ("in", "out"))
    lost, gained = (int((moved["change"] == change).sum()) for change in ("lost", "gained"))
    return (
        f"The best plan found without it, at the same money (gap {wording.gap(gap)}), builds "
        f"{_counted(new, 'link')} that this one does not, leaves out {gone - 1} besides it, "
        f"loses {_counted(lost, 'pair')} and gains {gained}."
    )


def _alternatives(
    name: str, shown: ReportInput, counted: DesignProblem, candidates: Candidates, needing: list[int]
) -> pd.DataFrame:
    """Return the candidates that are not built and could take the place of a link, the best first.

    These are candidates between the same ends or at the same station, and all that keep a pair that needs the
    link within the limit when they are built in its place.
    """
    table = candidates.table
    own = table[table["candidate_id"] == name]
    built = set(shown.links["candidate_id"])
    others = table[~table["candidate_id"].isin(built) & (table["fixed"] != "out")]
    valuer = replace(Valuer.of(counted), table=PairTable.of(counted, needing))
    kept = [
        len(valuer.covered({*built, one} - {name}))
        if one in counted.index and counted.candidates[counted.index[one]].arcs
        else 0
        for one in others["candidate_id"]
    ]
    left = None if shown.budget is None else shown.budget - shown.cost + counted.cost_of([name])
    found = pd.DataFrame(others.drop(columns="geometry")).assign(
        same_ends=_at_same_ends(own, others),
        pairs_kept=kept,
        affordable=[left is None or int(cost) <= left for cost in others["cost"]],
    )
    if "gain_s" not in found.columns:
        found["gain_s"] = pd.array([None] * len(found), dtype="Int64")
    found = found[found["same_ends"] | (found["pairs_kept"] > 0)]
    found = found.sort_values(
        ["pairs_kept", "same_ends", "cost"], ascending=[False, False, True], kind="stable"
    )
    return found[list(COLUMNS["why.alternatives"])].head(MOST_ALTERNATIVES).reset_index(drop=True)


def _at_same_ends(own: gpd.GeoDataFrame, others: gpd.GeoDataFrame) -> pd.Series | bool:
    """Tell which candidates join the two ends of a link; of a measure at a station, which stand there too."""
    if not len(own):
        return False
    start, end, mode = own[["from_name", "to_name", "mode"]].iloc[0].astype(str)
    tail, head = (others[name].astype(str) for name in ("from_name", "to_name"))
    joins: pd.Series = ((tail == start) & (head == end)) | ((tail == end) & (head == start))
    if mode == "access":
        joins |= (others["mode"] == "access") & (head == end)
    return joins


def _counted(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
