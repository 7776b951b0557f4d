"""Put two plans of the same cities side by side, and explain a link by the best plan without or with it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd

from optimiser.measures import coverage, valuation
from optimiser.problem import DesignProblem, errors
from optimiser.proposals.table import Candidates
from optimiser.report import page, plots, ring_section, wording
from optimiser.report.inputs import CaseResults, ReportInput
from optimiser.report.ring_layout import RingShown
from optimiser.report.tables import COLUMNS, name_pairs
from optimiser.run.measured_plan import MeasuredPlan

if TYPE_CHECKING:
    from matplotlib.figure import Figure


MOST_ALTERNATIVES = 10
"""Candidates that the link beats: so many are kept, the best first."""

_HIDDEN = ("candidate_id", "same_ends")


class Table(gpd.GeoDataFrame):  # type: ignore[misc]
    """A GeoDataFrame whose `explore` names the extra that brings its libraries."""

    def explore(self, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - as in geopandas
        """Draw the table with folium, as `geopandas.GeoDataFrame.explore` does.

        Warning: folium runs what names of the data hold between ``${`` and ``}``. For data that you do not
        trust use `Run.map`.
        """
        try:
            import folium  # noqa: F401
            import mapclassify  # noqa: F401
        except ImportError as fault:
            raise page.missing_extra("explore()", fault, "Run.map() needs no further package.") from fault
        return super().explore(*args, **kwargs)

    def to_file(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - as in geopandas
        """Write the table to a file; lists become texts."""
        texts = {
            name: cells.map("; ".join)
            for name, cells in self.items()
            if len(cells) and all(isinstance(cell, list) for cell in cells)
        }
        gpd.GeoDataFrame(self.assign(**texts)).to_file(*args, **kwargs)


# ---- two plans


@dataclass(frozen=True, eq=False)
class Comparison:
    """Two plans of the same cities.

    Attributes
    ----------
    first, second
        What is shown of each.
    names
        What they are called.
    """

    first: ReportInput = field(repr=False)
    second: ReportInput = field(repr=False)
    names: tuple[str, str]

    @cached_property
    def figures(self) -> pd.DataFrame:
        """Return money, limit, gap, links and pairs within the limit by tier: one column a plan."""
        money = " and ".join(dict.fromkeys((self.first.money, self.second.money)))

        def figures_of(one: ReportInput) -> dict[str, object]:
            within = coverage.by_group(one.pairs).set_index("group")["after_pairs"]
            return {
                f"budget, {money}": one.budget,
                f"cost, {money}": one.cost,
                "limit": wording.short_hours(one.limit_s),
                "links": len(one.links),
                **{f"pairs within the limit, {group}": int(count) for group, count in within.items()},
                "objective": one.objective,
                "gap": wording.gap(one.gap),
            }

        both = [pd.Series(figures_of(one), dtype=object) for one in (self.first, self.second)]
        return pd.concat(both, axis="columns", join="inner", keys=self.names)

    @cached_property
    def links(self) -> gpd.GeoDataFrame:
        """Return the links of both plans, then of one alone: columns `compare.links`."""
        return Table(self._united[list(COLUMNS["compare.links"])])

    @cached_property
    def pairs(self) -> pd.DataFrame:
        """Return the pairs that only one plan brings within the limit: columns `compare.pairs`."""
        one, two = self.first.pairs, self.second.pairs
        times = {"today_min": one["before_s"], "first_min": one["after_s"], "second_min": two["after_s"]}
        table = self._changed(times, within=("first", "second"))
        return table.sort_values(["within", "tier"], kind="stable", ignore_index=True)[
            list(COLUMNS["compare.pairs"])
        ]

    @property
    def swaps(self) -> pd.DataFrame:
        """Return what the second plan builds otherwise: columns `why.swaps`."""
        change = self._united["built_in"].map({"first": "out", "second": "in"})
        table = pd.DataFrame(self._united.assign(change=change)).dropna(subset="change")
        return table.reset_index(drop=True)[list(COLUMNS["why.swaps"])]

    @property
    def moved(self) -> pd.DataFrame:
        """Return the pairs that the second plan loses and gains: columns `why.moved`."""
        return self._changed({}, change=("lost", "gained"))[list(COLUMNS["why.moved"])]

    def _changed(self, times: Mapping[str, pd.Series], **words: tuple[str, str]) -> pd.DataFrame:
        """Return the pairs that one plan alone brings within the limit, those of the first plan first.

        With minutes by column, and a column with one word for those of the first plan and one for the others.
        """
        one, two = (coverage.within(of.pairs, state="after").to_numpy() for of in (self.first, self.second))
        rows = np.concatenate([np.flatnonzero(one & ~two), np.flatnonzero(two & ~one)])
        minutes = {column: seconds.iloc[rows].tolist() for column, seconds in times.items()}
        table = name_pairs(self.first.cities, self.first.pairs.iloc[rows], minutes)
        return table.assign(**{column: np.where(one[rows], *pair) for column, pair in words.items()})

    def map(self) -> page.MapView:
        """Return a map of the links of both plans, coloured by the plan that builds them.

        The figures of cities are those of the first plan. Rings are drawn where both plans form the same.
        """
        return page.MapView.of(self._shown, title=" and ".join(self.names))

    def plot(self) -> Figure:
        """Draw the links of both plans on one still map, with the figures and the links of one plan alone.

        A city has the colour of the plan that brings more others within the limit.
        """
        from optimiser.report import picture

        one, two = (coverage.by_city(shown.cities, shown.pairs) for shown in (self.first, self.second))
        more = np.sign(one["after"].to_numpy() - two["after"].to_numpy()).tolist()
        colours = {1: plots.COMPARED["first"].colour, -1: plots.COMPARED["second"].colour, 0: "white"}
        filled = {str(name): colours[side] for name, side in zip(one["city_id"].tolist(), more, strict=True)}
        return picture.draw_comparison(self._shown, self.names, self.figures, filled=filled, dpi=100)

    def _repr_html_(self) -> str:
        """Return figures, links and pairs as HTML, for a notebook."""
        figures = self.figures.reset_index(names="")
        words = {
            name: name.replace("_", " ")
            for name in COLUMNS["compare.links"]
            if name not in ("candidate_id", "geometry")
        }
        links = pd.DataFrame(self.links[self.links["built_in"] != "both"])
        note = wording.different_moneys(self.first.money, self.second.money)
        parts = [page.heading(f"{self.names[0]} and {self.names[1]}", note) + page.table(figures)]
        if len(links):
            links = links.assign(
                kind=links["kind"].map(wording.kind), built_in=links["built_in"].map(self._name)
            )
            parts.append(page.heading("Links that one of them builds") + page.table(links, columns=words))
        if len(self.pairs):
            pairs = self.pairs.assign(within=self.pairs["within"].map(self._name))
            parts.append(page.heading("Pairs that one of them brings within the limit") + page.table(pairs))
        return "".join(parts)

    def _name(self, which: str) -> str:
        return dict(zip(("first", "second"), self.names, strict=True)).get(which, which)

    @cached_property
    def _shown(self) -> ReportInput:
        """Return what is shown of the first plan with the links of both, coloured by the plan."""
        links = self._united.assign(rank=self._united["number"], category=self._united["built_in"])
        same = [ring.circuit for ring in self.first.rings] == [ring.circuit for ring in self.second.rings]
        return replace(self.first, links=links, rings=self.first.rings if same else (), cases=None)

    @cached_property
    def _united(self) -> gpd.GeoDataFrame:
        one, two = (shown.links.set_index("candidate_id", drop=False) for shown in (self.first, self.second))
        both = one[one.index.isin(two.index)]
        parts = {"both": both, "first": one.drop(both.index), "second": two.drop(both.index)}
        found = pd.concat(
            [part.assign(built_in=built_in) for built_in, part in parts.items() if len(part)]
            or [one.assign(built_in="")]
        )
        ranks = {f"rank_{name}": table["rank"] for name, table in (("first", one), ("second", two))}
        found = found.assign(
            **{name: rank.reindex(found.index).astype("Int64") for name, rank in ranks.items()}
        )
        found = found.assign(number=np.arange(1, len(found) + 1)).reset_index(drop=True)
        return gpd.GeoDataFrame(found, geometry="geometry", crs=self.first.links.crs)


# ---- a link


@dataclass(frozen=True, eq=False)
class Why:
    """Why a plan builds a link, or leaves a candidate out.

    Attributes
    ----------
    rank, candidate_id, title
        The link; of a candidate that is left out the rank is 0.
    pairs
        Pairs that it serves, those that need it first: columns `why.pairs`. Of a candidate that is left out
        those of the best plan with it.
    swaps, moved
        What the best plan without it, or with it, builds otherwise, and which pairs change: columns
        `why.swaps`, `why.moved`. Empty where there is no such plan.
    stand_in
        What that plan does otherwise, in a sentence.
    rings
        Which rings of the plan need it, and what each of them earns, a sentence each.
    alternatives
        The best candidates that are not built: columns `why.alternatives`.
    cases
        Plausible cases that do not choose it; empty of what is kept with a ring.
    sure
        How often joint draws and single cases choose it; empty where none were solved.
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
    rings: tuple[str, ...]
    alternatives: pd.DataFrame = field(repr=False)
    cases: tuple[str, ...]
    sure: str
    evidence: pd.Series = field(repr=False)

    @property
    def head(self) -> str:
        """Return the title, with the rank of a link of the plan."""
        return f"{self.rank}. {self.title}" if self.rank else self.title

    @property
    def headings(self) -> dict[str, str]:
        """Return the heading of each table, by the attribute that holds it."""
        other = "without" if self.rank else "with"
        return {part: words.format(other=other) for part, words in wording.WORDS["explained"].items()}

    @cached_property
    def sentences(self) -> tuple[str, ...]:
        """Return what was found, one sentence each."""
        need = int(self.pairs["needs_it"].sum())
        faster = len(self.pairs) - need
        served = (
            f"{_counted(need, 'pair')} within the limit {'needs' if need == 1 else 'need'} it; "
            f"{faster} more {'is' if faster == 1 else 'are'} faster with it."
        )
        if not need:
            also = f"; {faster} {'is' if faster == 1 else 'are'} faster with it" if faster else ""
            served = f"no pair within the limit needs it{also}."
        order = (*self.rings, wording.capitalised(served), self.stand_in)
        found = [*order] if self.rank else [self.stand_in, *self.rings, f"In that plan {served}"]
        if need and len(self.alternatives):
            kept = int(self.alternatives["pairs_kept"].max())
            found.append(
                f"In its place, the best single candidate would keep {kept} of the pairs that need it."
            )
        elif need:
            found.append("No single candidate would keep a pair that needs it.")
        today = self.evidence.get("today")
        return tuple(filter(None, [*found, self.sure, f"Today: {today}." if today else ""]))

    def __str__(self) -> str:
        """Return the sentences as text, with the pairs that need the link."""
        rows = self.pairs[self.pairs["needs_it"]]
        lines = [self.head, *self.sentences]
        return "\n".join(
            [*lines, rows.drop(columns="needs_it").to_string(index=False)] if len(rows) else lines
        )

    def _repr_html_(self) -> str:
        """Return sentences and tables as HTML, for a notebook."""
        parts = [page.heading(self.head, *self.sentences)]
        for part, words in self.headings.items():
            table = getattr(self, part)
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
    other: Callable[[], ReportInput],
    cases: CaseResults | None,
    is_built: bool,
) -> Why:
    """Explain a candidate by two plans, the best one and the best one without it, or with it.

    Parameters
    ----------
    name
        Id of the candidate.
    shown
        What is shown of the plan that builds it.
    counted
        The problem, its pairs within the limit alone.
    candidates
        Everything that could be built.
    measured
        That plan with exact times beyond the limits.
    other
        Returns what is shown of the plan without it.
    cases
        What plausible cases choose; None where they were not asked.
    is_built
        Whether the plan in question is the one that builds it.
    """
    row = shown.links[shown.links["candidate_id"] == name].iloc[0]
    kind = wording.kind(str(row["kind"]))
    pairs, needing = _served(name, shown, measured)
    swaps, moved = (pd.DataFrame(columns=list(COLUMNS[f"why.{name}"])) for name in ("swaps", "moved"))
    try:
        without = other()
    except (errors.InfeasibleError, errors.SolverError) as error:
        stand_in = f"Without it no plan was found: {error.what}"
    else:
        plans = (shown, without) if is_built else (without, shown)
        both = Comparison(*plans, (name, name))
        swaps, moved = both.swaps, both.moved
        new, gone = (int((swaps["change"] == change).sum()) for change in ("in", "out"))
        lost, gained = (int((moved["change"] == change).sum()) for change in ("lost", "gained"))
        new, gone = new - (not is_built), gone - is_built  # beside the candidate itself
        built = (
            f"{_counted(new, 'other proposal') if new else 'nothing'} {'instead' if is_built else 'as well'}"
        )
        more = plans[1].cost - plans[0].cost
        price = f"{shown.money_of(abs(more))} {'more' if more > 0 else 'less'}" if more else "the same"
        same = f"has the same pairs within the limit, for {price}"
        clauses = [
            *([f"builds {built}"] if new or is_built else []),
            *([f"drops {gone} more" if is_built else f"drops {_counted(gone, 'proposal')}"] if gone else []),
            *_ring_changes(plans[0].rings, plans[1].rings, name),
            *([f"loses {_counted(lost, 'pair')}"] if lost else []),
            *([f"gains {_counted(gained, 'other pair' if lost else 'pair')}"] if gained else []),
            *([] if lost or gained else [same if is_built else f"costs {price} and brings no further pair"]),
        ]
        within = "" if plans[1].budget is None else "within the budget "
        found = f"the best plan found {within}(gap {wording.gap(plans[1].gap)})"
        how = "Without it" if is_built else "The plan leaves it out. With it"
        end = "" if clauses[-1] is same else " within the limit"
        stand_in = f"{how}, {found} {wording.join_names(clauses)}{end}."
        full = () if is_built else _full_sections(name, without, counted)
        stand_in = " ".join((stand_in, *full))
    is_kept = cases is not None and name in cases.kept
    missing = () if cases is None or is_kept else cases.dropped_in(name)
    return Why(
        rank=int(row["rank"]) if is_built else 0,
        candidate_id=name,
        title=f"{wording.link_name(row.to_dict())} ({kind}, {shown.money_of(row['cost'])})",
        pairs=pairs,
        swaps=swaps,
        moved=moved,
        stand_in=stand_in,
        rings=tuple(_ring_reasons(shown.rings, name)),
        alternatives=_alternatives(name, shown, counted, candidates, needing),
        cases=missing,
        sure="" if cases is None else cases.told(name),
        evidence=pd.Series(row.drop("geometry")),
    )


def _full_sections(name: str, plan: ReportInput, problem: DesignProblem) -> Iterator[str]:
    """Yield the section of line that is tightest where a candidate joins a plan, in a sentence."""
    built = set(plan.links["candidate_id"])
    using = [one for one in problem.capacities if name in dict(one.use)]
    full = [one for one in using if one.used_by({*built, name}) > one.most]
    if full:
        tight = min(full, key=lambda one: one.most - one.used_by(built))
        words = wording.told_apart(plan.links.to_dict("records"))
        others = errors.listed([words[other] for other, _ in tight.use if other in built], 3, " and ")
        more = f" and {_counted(len(full) - 1, 'other section')} of line" if len(full) > 1 else ""
        yield (
            f"There is no room for all on {tight.id}{more}: of {tight.most} further trains a day the plan "
            f"has {tight.used_by(built)} ({others}), and this takes {dict(tight.use)[name]}; capacities.csv "
            "says what the tracks are taken to carry."
        )


def _ring_reasons(rings: Sequence[RingShown], name: str) -> Iterator[str]:
    """Yield which rings of a plan need a link, and what each of them is good for, a sentence each."""
    for ring in rings:
        if ring.is_formed and name in ring.candidates:
            others = len(ring.candidates) - 1
            helped = f", with {_counted(others, 'other proposal')}" if others else ""
            earned = f"counts {ring_section.worth(ring.reward)}"
            use = "" if ring.use is None else f"; {ring_section.gains(ring.use)}"
            yield (
                f"It closes the {ring_section.noun(ring)} of {ring.length_km:,.0f} km "
                f"{ring_section.around(ring)}{helped}. The ring "
                f"{earned if ring.reward else 'is required of every plan'}{use}."
            )


def _ring_changes(before: Sequence[RingShown], after: Sequence[RingShown], name: str) -> Iterator[str]:
    """Yield in clauses which rings another plan opens or closes, or, of those of a link, still closes."""
    had, has = ({ring.id for ring in rings if ring.is_formed} for rings in (before, after))
    for ring in before:
        of_link = ring.id in had and name in ring.candidates
        if ring.id in has and (of_link or ring.id not in had):
            yield f"{'still ' if of_link else ''}closes the ring {ring_section.around(ring)}"
        elif ring.id in had - has:
            yield f"leaves the ring {ring_section.around(ring)} open"


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
    valuer = replace(valuation.Valuer.of(counted), table=valuation.PairTable.of(counted, needing))
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
