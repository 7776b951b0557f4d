"""Propose for a past day, and compare with what was built since and with simple rules at equal money."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from optimiser import verify
from optimiser.engine.child import ChildProcess
from optimiser.engine.search.incumbent import PlanEvaluator
from optimiser.job.model import LoadedJob
from optimiser.job.sections import Budget, Rings
from optimiser.measures import recall
from optimiser.problem import DesignProblem, model
from optimiser.problem.errors import JobError
from optimiser.proposals.base_case import BaseCase, great_circle_km, line_km, on_sphere, plane_of
from optimiser.proposals.costs import CostTable
from optimiser.proposals.generate import KINDS, Rules, Scope, of_kind
from optimiser.proposals.pruning import open_pairs
from optimiser.proposals.rings.reference_rings import overlap, read_reference_rings
from optimiser.proposals.table import Candidates, Proposal, assemble
from optimiser.proposals.terrain import Terrain, sample_line
from optimiser.report import backcast as view
from optimiser.report import page, plots, wording
from optimiser.report.ring_layout import DEGREE, RingShown, lay_out
from optimiser.run import corridors, demands, proposing, solving, timing
from optimiser.run.chain import Chain
from optimiser.run.source import Source, find_source
from optimiser.studies import folders, whatif
from optimiser.tasks.cache import Progress

if TYPE_CHECKING:
    from matplotlib.figure import Figure

ENDING = "-backcast"
"""Ending of the default run folder."""
LINES = tuple(name for name, kind in KINDS.items() if kind.in_rings or kind.far)
"""Kinds of candidates that lay or widen a line."""
_DEMANDS = ("least", "city_coverage", "caps", "independence", "phasing")
"""Sections of a job that demand something of its plan."""
_NOTHING = "Nothing was written."
CORNERS = 360
"""Corners of a circle."""


@dataclass(frozen=True)
class Backcasted(folders.StudyRun):
    """A finished back-cast.

    Attributes
    ----------
    folder
        Its folder.
    found
        What the tables and the picture show.
    exit_code
        0 where each plan is within the gap asked for, else 10.
    """

    found: view.Backcast

    def table(self, purse: str = "one", *, figure: str | None = None) -> pd.DataFrame:
        """Return what each strategy finds of what was built, along the money.

        Parameters
        ----------
        purse
            How the money is divided: `one` budget, or one `by_mode`.
        figure
            One column of the table, such as `both` or `pairs`, with a row a strategy and a column for each
            share of the money; None: all of them, a row for each strategy and share.
        """
        table = view.found_by_strategy(self.found, purse)
        if figure is None:
            return table
        return table.pivot_table(index="chooser", columns="money", values=figure, sort=False)

    def against_rules(self, purse: str = "one") -> pd.DataFrame:
        """Return what the plan of lines alone finds along the money, beside the best of the simple rules.

        Parameters
        ----------
        purse
            How the money is divided: `one` budget, or one `by_mode`.
        """
        return view.against_rules(self.found, purse)

    @property
    def summary(self) -> dict[str, Any]:
        """Return the contents of `backcast.json`."""
        return view.summary(self.found)

    def plot(self) -> Figure:
        """Draw what was proposed beside what was built, and what each strategy finds along the money."""
        return view.draw(self.found, dpi=100)

    def _repr_html_(self) -> str:
        """Return region, day and what each strategy finds as HTML, for a notebook."""
        found = self.found
        parts = [page.heading(f"{found.region}, network of {found.day}", *view.ring_sentences(found))]
        parts += [page.heading(words) + page.table(self.table(one)) for one, words in view.BUDGETS.items()]
        return "".join(parts)


@whatif.door
def backcast(
    job: str | Path | LoadedJob,
    *,
    day: date | str | None = None,
    settings: Sequence[str] = (),
    out: str | Path | None = None,
    progress: Progress | None = None,
) -> Backcasted:
    """Propose for a past day and compare with what was built since.

    Parameters
    ----------
    job
        Name of a ready job, path of a job file, or a job. Demands that rules without a model cannot meet
        (rings, periods, least shares, caps, covered cities, max-min fairness, what is fixed) are left out, so
        that all choose by the same question.
    day
        The day, or its text as YYYY-MM-DD; None: `region.as_of` of the job.
    settings
        Changes of keys such as ``backcast.draws=5``, values in TOML; only where `job` is a name or a path.
    out
        Folder; None: that of the job with `ENDING`.
    progress
        Notified of each step.

    Raises
    ------
    JobError
        Without a day, a table of what was built, dates in the map, or lines to choose from.
    """
    loaded, progress = folders.job_of(job, settings), progress or Progress()
    if day is not None:
        loaded = replace(loaded, set=(*loaded.set, str(day)))
    web = next((ring for ring in loaded.job.rings if ring.web), Rings(web=True))
    web = web.model_copy(update={"required": False, "reward": 1})
    day = (date.fromisoformat(day) if isinstance(day, str) else day) or loaded.job.region.as_of
    if day is None:
        raise JobError(
            "no day is named", where="--as-of", done=_NOTHING, remedy="Give --as-of, such as 2016-03-10."
        )
    _refuse_without_lines(loaded, find_source(loaded))
    study = folders.opened(_as_of(loaded, day), ENDING, out, progress)
    with study as (asked, target, stage), ChildProcess() as solver:
        steps = _Backcaster(asked, _as_of(loaded, None), day, web, progress, solver)
        found, proven = steps.compare()
        folders.write(
            stage,
            {
                "backcast.csv": view.table(found.choices),
                "choices.csv": view.choice_table(found.choices),
                "corridors.csv": found.corridors,
                "rings.csv": view.ring_table(found.rings),
                "backcast.json": view.summary(found),
            },
        )
        plots.write(view.draw(found), stage / "backcast.png")
    return Backcasted(target, 0 if proven else solving.NOT_PROVEN, found)


def _refuse_without_lines(loaded: LoadedJob, source: Source) -> None:
    """Refuse a job without a map, without a table of what was built, or that proposes no lines."""
    kinds = loaded.job.candidates.kinds
    if "region.matrix" in source.files:
        what, remedy = "a table of travel times knows no roads and railways of a past day", "Give a map."
    elif "backcast.built" not in source.files:
        what = "the region has no table of roads and railways opened in past years"
        remedy = (
            "Name one with backcast.built (a region of the package: files.built of its region.toml); "
            "docs/backcast.md says what it holds."
        )
    elif kinds and not set(kinds) & set(LINES):
        what = "candidates.kinds names no kind that lays a line, and lines alone are compared"
        remedy = f"Add some of: {', '.join(LINES)}."
    else:
        return
    raise JobError(what, where=loaded.name, done=_NOTHING, remedy=remedy)


def _as_of(loaded: LoadedJob, day: date | None) -> LoadedJob:
    """Return a job about the network of a day, or of today for None, without demands on the plan."""
    job = loaded.job
    changes = {
        "region": job.region.model_copy(update={"as_of": day}),
        "candidates": job.candidates.model_copy(update={"fixed_in": (), "fixed_out": ()}),
        "objective": job.objective.model_copy(update={"kind": "coverage"}),
        "rings": (),
        **{name: type(getattr(job, name))() for name in _DEMANDS},
    }
    return replace(loaded, job=job.model_copy(update=changes))


def _with(
    loaded: LoadedJob, *, budget: int, kinds: Sequence[str] | None = None, rings: tuple[Rings, ...] = ()
) -> LoadedJob:
    """Return a job with another budget, rings, and other kinds of candidates unless `kinds` is None."""
    changes: dict[str, Any] = {"budget": Budget(amount=budget), "rings": rings}
    if kinds is not None:
        changes["candidates"] = loaded.job.candidates.model_copy(update={"kinds": tuple(kinds)})
    return replace(loaded, job=loaded.job.model_copy(update=changes))


@dataclass(frozen=True)
class _Pool:
    """Lines to choose from, and what they find.

    Attributes
    ----------
    name
        Of `report.backcast.POOLS`.
    lines
        The lines.
    links
        What the rules look at, in the same order.
    near
        What they find, in the same order.
    evaluate
        Evaluates plans of the problem whose pairs within their limits count; None where that is not known.
    """

    name: str
    lines: Candidates
    links: recall.Links
    near: recall.Nearness
    evaluate: PlanEvaluator | None

    def rows(self, built: Sequence[str]) -> list[int]:
        """Return the rows of the lines among some candidates."""
        return np.flatnonzero(self.lines.table["candidate_id"].isin(list(built))).tolist()

    def choice(
        self,
        chooser: str,
        rows: Sequence[int],
        paid: Mapping[str, Any],
        *,
        draw: int | None = None,
        plan: verify.Plan | None = None,
    ) -> dict[str, Any]:
        """Return a choice of lines with what it finds: a row for `report.backcast.choices_of`.

        Parameters
        ----------
        chooser
            Who chooses.
        rows
            Rows of the lines.
        paid
            `purse`, `share` and `money`.
        draw
            Seed of a random choice.
        plan
            All that is built, with its cost and proof; None: the lines alone, by a rule.
        """
        names, lines_cost = (
            tuple(self.lines.table["candidate_id"].iloc[list(rows)]),
            int(self.links.cost[list(rows)].sum()),
        )
        pairs = None
        if self.evaluate is not None:
            known = self.evaluate.problem.index.keys() & set(names if plan is None else plan.built)
            pairs = int(self.evaluate.covered(known).sum())
        return {
            "chooser": chooser, "pool": self.name, "purse": paid["purse"], "share": paid["share"],
            "draw": draw, "money": paid["money"], "cost": lines_cost if plan is None else plan.cost,
            "lines_cost": lines_cost, "lines": len(names), **self.near.recall(rows), "pairs": pairs,
            "gap": None if plan is None else plan.gap, "built": names,
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Backcaster:
    """The steps of a back-cast.

    Attributes
    ----------
    loaded
        The job about the day, without demands.
    today
        The same about the network of today.
    day
        The day.
    web
        The web of rings that is proposed for it.
    progress
        Notified of each step.
    solver
        The process that solves.
    """

    loaded: LoadedJob
    today: LoadedJob
    day: date
    web: Rings
    progress: Progress
    solver: ChildProcess

    def compare(self) -> tuple[view.Backcast, bool]:
        """Return the back-cast, and whether each plan is within the gap asked for."""
        first, job = self._chain(self.loaded), self.loaded.job
        source, times = first.source, first.times.value
        roads = times.report.get("roads", {}).get("dropped", {}).get("not_yet_open", 0)
        if not roads + times.report.get("rail", {}).get("tracks_left_out", {}).get("opened later", 0):
            raise JobError(
                f"by its dates the map holds no road or track that was opened after {self.day}",
                where=str(source.files.get("region.file", source.title)),
                done=_NOTHING,
                remedy="Give start_date to the ways that were opened since, or name an earlier day.",
            )
        table, land = proposing.ground_of(first.base, job, source, times, first.rail)
        listed = source.files["backcast.built"]
        later = corridors.read_corridors(listed, table, land, after=self.day, level=job.costs.level)
        counted = later[later["left_out"] == ""]
        spent = {mode: int(counted.loc[counted["mode"] == mode, "cost"].sum()) for mode in recall.MODES}
        total = sum(spent.values())
        budgets = {"one": recall.Money(total, {}), "by_mode": recall.Money(total, spent)}

        base = proposing.base_case(times, first.rail, job, source)
        kinds = [kind for kind in LINES if kind in (job.candidates.kinds or LINES)]
        alone = self._chain(_with(self.loaded, kinds=kinds, budget=total))
        straight = neighbour_lines(base, proposing.rules_of(job, source), table, land)
        pool = self._pool("proposed", alone, base, counted)
        neighbours = self._pool("neighbours", proposing.at_level(straight, job), base, counted)
        rows: list[dict[str, Any]] = []
        if set(job.candidates.kinds) != set(kinds):
            whole = self._chain(_with(self.loaded, budget=total))
            rows += self._plans("plan", whole, self._pool("proposed", whole, base, counted), budgets)
        rows += self._plans("plan_lines", alone, pool, budgets)
        rows += self._rules(pool, budgets)
        rows += self._rules(neighbours, budgets)
        # No choice among the lines surpasses that of all of them.
        every, cost = range(len(pool.lines)), int(pool.links.cost.sum())
        rows.append(pool.choice("everything", every, {"purse": "one", "share": None, "money": cost}))
        choices, shares = view.choices_of(rows), job.backcast.shares
        proven = bool(choices["gap"][choices["chooser"].isin(view.PLANS)].le(job.solve.gap).all())
        of_lines = choices[choices["chooser"].eq("plan_lines") & choices["purse"].eq("one")]
        shown = of_lines[of_lines["share"].eq(shares[(len(shares) - 1) // 2])].iloc[0]
        built = later.loc[later["left_out"] == "", ["id", "mode", "line_km", "geometry"]]
        rings, share_on_rings = self._rings(total, built)
        built = built.rename(columns={"line_km": "km"}).assign(
            share_found=pool.near.found(pool.rows(shown.built)),
            share_on_rings=share_on_rings,
            ends_at_cities=[ends_at_cities(line, base, job.backcast.near_km) for line in built.geometry],
        )
        return view.Backcast(
            region=source.title,
            attribution=source.attribution,
            day=self.day,
            money=pool.lines.money,
            limit_s=job.times.limit_s,
            near_km=job.backcast.near_km,
            spent=dict(spent),
            choices=choices,
            pairs={
                "total": len(times.cities) * (len(times.cities) - 1) // 2,
                "then": _pairs_within(first),
                "today": _pairs_within(self._chain(self.today)),
            },
            corridors=corridors.corridor_table(later, built),
            built=built,
            rings=rings,
            lines=pool.lines.table[["candidate_id", "mode", "geometry"]],
            network=_network(first),
            cities=times.cities[["city_id", "name", "tier", "population", "geometry"]],
            shown=shown,
        ), proven

    def _chain(self, loaded: LoadedJob) -> Chain:
        return Chain(loaded, find_source(loaded), self.progress, self.solver)

    def _pool(self, name: str, of: Chain | Candidates, base: BaseCase, built: gpd.GeoDataFrame) -> _Pool:
        """Return lines, or those of a job with their pairs, with what they find of the corridors built."""
        lines = _lines(of.candidates.value) if isinstance(of, Chain) else of
        near = self._near(built, lines.table)
        evaluate = PlanEvaluator(of.counted.value) if isinstance(of, Chain) else None
        return _Pool(name, lines, links_of(lines, base), near, evaluate)

    def _near(self, built: gpd.GeoDataFrame, proposed: gpd.GeoDataFrame) -> recall.Nearness:
        """Return which parts of corridors lie near which proposals: columns `mode` and `geometry` of both."""
        asked = self.loaded.job.backcast
        courses, shapes = (
            [course(str(mode), line) for mode, line in zip(table["mode"], table.geometry, strict=True)]
            for table in (built, proposed)
        )
        return recall.Nearness.of(courses, shapes, near_km=asked.near_km, found_share=asked.found_share)

    def _rings(self, budget: int, built: gpd.GeoDataFrame) -> tuple[gpd.GeoDataFrame, NDArray[np.float64]]:
        """Return rings beside each other, and the share of each corridor built near those of the web.

        They are the known rings of the mode of the web, the rings that the web proposes for the day, and for
        each of these a circle, a rule of thumb that knows no road, with a row for each known ring that one is
        compared with (columns of `report.backcast`). What is proposed reads no known ring.
        """
        chain = self._chain(_with(self.loaded, budget=budget, rings=(self.web,)))
        file, mode = chain.source.files.get("measures.known_rings"), self.web.mode
        known = [one for one in read_reference_rings(file) if one.mode == mode] if file else []
        rows: list[tuple[Any, ...]] = [
            (one.id, "known", one.title, one.length_km, None, None, "", one.line) for one in known
        ]
        for ring, centres in proposed_rings(chain):
            name, km = wording.join_names(ring.facts.centres), ring.length_km
            cities, circle = "; ".join(ring.cities["name"]), circle_round(centres, km)
            rows.append((ring.id, "web", name, km, ring.new_km, ring.cost, cities, ring.circuit))
            rows.append((ring.id, "circle", name, km, None, None, "", circle))
        table = gpd.GeoDataFrame(rows, columns=list(view.OF_RING), geometry="geometry", crs=4326)
        near = self._near(built, table.assign(mode=mode))
        ids, least = built["id"].to_numpy(), self.loaded.job.backcast.found_share - 1e-9
        table["corridors"] = ["; ".join(ids[near.found([row]) >= least]) for row in range(len(table))]
        beside = [
            (row, one.id, *overlap(table.geometry[row], one.line))
            for row in np.flatnonzero(table["chooser"] != "known").tolist()
            for one in known
        ]
        shares = pd.DataFrame(beside, columns=["row", *view.OF_KNOWN]).set_index("row")
        return table.join(shares), near.found(np.flatnonzero(table["chooser"] == "web").tolist())

    def _amounts(self, budgets: Mapping[str, recall.Money]) -> Iterator[tuple[recall.Money, dict[str, Any]]]:
        """Yield each amount of money, with what a choice says of it."""
        for name, whole in budgets.items():
            for share in self.loaded.job.backcast.shares:
                part = whole.part(demands.exact_share(share))
                yield part, {"purse": name, "share": share, "money": part.total}

    def _plans(
        self, chooser: str, chain: Chain, pool: _Pool, budgets: Mapping[str, recall.Money]
    ) -> Iterator[dict[str, Any]]:
        """Yield what the model chooses, along the money; what was cut short is not kept for the next run."""
        table, settings = chain.candidates.value.table, self.loaded.job.solve
        modes = dict(zip(table["candidate_id"].astype(str), table["mode"].astype(str), strict=True))
        for money, facts in self._amounts(budgets):
            problem = with_budgets(chain.problem.value, modes, money)
            inputs = {
                "problem": chain.problem.key,
                "budget": problem.budget,
                "by_mode": [[one.id, one.most] for one in problem.capacities],
                "solve": settings.model_dump(),
            }
            title = f"Solving for {money.total:,}, {view.BUDGETS[facts['purse']]}"
            plan = verify.check(problem, chain.kept_result("backcast", title, problem, inputs))
            yield pool.choice(chooser, pool.rows(plan.built), facts, plan=plan)

    def _rules(self, pool: _Pool, budgets: Mapping[str, recall.Money]) -> Iterator[dict[str, Any]]:
        """Yield what the rules choose, along the money."""
        draws = range(1, self.loaded.job.backcast.draws + 1)
        orders: list[tuple[str, int | None, NDArray[np.int64]]] = [
            *((name, None, rule(pool.links)) for name, rule in recall.BASELINES.items()),
            *((recall.RANDOM, seed, recall.at_random(pool.links, seed)) for seed in draws),
        ]
        for money, facts in self._amounts(budgets):
            for name, draw, order in orders:
                yield pool.choice(name, recall.spend(order.tolist(), pool.links, money), facts, draw=draw)


def proposed_rings(chain: Chain) -> Iterator[tuple[RingShown, NDArray[np.float64]]]:
    """Yield the rings of a job, each as the cheapest circuit that meets its demands, with its centres.

    Parameters
    ----------
    chain
        The steps of the job.

    Yields
    ------
    RingShown, NDArray
        The ring, which is checked; its centres, float64 [n x 2], degrees.
    """
    draft, cities = chain.draft.value, chain.times.value.cities
    solve = partial(solving.solve, settings=chain.loaded.job.solve, run=chain.solver)
    for ring in draft.problem.rings:
        circuits = {ring.id: proposing.cheapest_circuit(draft.problem, ring, solve)}
        if circuits[ring.id] and draft.rings is not None:
            alone = draft.problem.replace(pairs=(), rings=(ring,), budget=None, cover="all")
            plan = verify.score(alone, model.candidates_on(alone, circuits), rings=circuits)
            links, facts = draft.rings.links, draft.rings.facts
            (shown,) = lay_out(alone, plan, cities=cities, links=links, facts=facts)
            yield shown, np.array(ring.centres) / DEGREE


def circle_round(centres: NDArray[np.float64], length_km: float) -> shapely.LineString:
    """Return a circle of a length round the middle of some points, degrees.

    Parameters
    ----------
    centres
        float64 [n x 2], degrees.
    length_km
        Its length.
    """
    angle = np.linspace(0, 2 * np.pi, CORNERS, endpoint=False)
    x, y = length_km / (2 * np.pi) * np.array([np.cos(angle), np.sin(angle)])
    corners = np.column_stack(plane_of(*centres.T).transform(x, y, direction="INVERSE"))
    return shapely.LineString([*corners, corners[0]])


def course(mode: str, line: shapely.Geometry) -> recall.Course:
    """Return the course of a line in degrees, sampled at about half a km.

    Parameters
    ----------
    mode
        road or rail.
    line
        The line.
    """
    points = sample_line(line)
    return recall.Course(mode, on_sphere(points[:, 0], points[:, 1]), line_km(line))


def _lines(candidates: Candidates) -> Candidates:
    """Return the candidates that are lines: those of kinds that lay one, and the user's own with a length."""
    kinds, length = candidates.table["kind"].isin(LINES), candidates.table["length_km"] > 0
    own = ~candidates.table["kind"].isin(list(KINDS)) & candidates.table["mode"].isin(recall.MODES) & length
    return candidates.take(np.flatnonzero((kinds | own).to_numpy(dtype=bool)).tolist())


def links_of(lines: Candidates, base: BaseCase) -> recall.Links:
    """Return what the rules look at: what lines cost, and the cities nearest to their ends.

    Parameters
    ----------
    lines
        The lines.
    base
        The cities.
    """
    table = lines.table
    ends = [_ends(shape, base) for shape in table.geometry]
    a, b = (np.array([pair[side][0] for pair in ends], dtype=np.int64) for side in (0, 1))
    people = base.cities["population"].to_numpy(dtype=np.float64)
    lon, lat = base.lon, base.lat
    distance_km = great_circle_km(lon[a], lat[a], lon[b], lat[b])
    cores = np.flatnonzero(np.array(base.tiers) == "core")
    far_km = np.zeros(len(base.ids))
    if len(cores):
        far_km = great_circle_km(lon[:, None], lat[:, None], lon[cores][None], lat[cores][None]).min(axis=1)
    return recall.Links(
        modes=tuple(table["mode"].astype(str)),
        cost=table["cost"].to_numpy(dtype=np.int64),
        length_km=table["length_km"].to_numpy(dtype=np.float64),
        people=np.where(a == b, 0.0, people[a] * people[b]),
        distance_km=np.where(a == b, 1.0, distance_km),
        core_km=np.minimum(far_km[a], far_km[b]),
    )


def _ends(shape: shapely.Geometry, base: BaseCase) -> tuple[tuple[int, float], tuple[int, float]]:
    """Return the row of the city nearest to either end of a line, and its distance in km."""
    points = shapely.get_coordinates(shapely.line_merge(shape))
    first, last = (base.nearest_city(float(lon), float(lat)) for lon, lat in (points[0], points[-1]))
    return first, last


def ends_at_cities(line: shapely.Geometry, base: BaseCase, near_km: float) -> int:
    """Return how many different cities a line ends at: 2 where it joins two of them, else 1 or 0.

    Parameters
    ----------
    line
        The line, degrees.
    base
        The cities.
    near_km
        Greatest distance of an end from the centre of its city.
    """
    return len({city for city, far_km in _ends(line, base) if far_km <= near_km})


def neighbour_lines(base: BaseCase, rules: Rules, costs: CostTable, terrain: Terrain) -> Candidates:
    """Return a road and a railway along the straight line between all neighbouring cities, whatever is there.

    What the generator knows of today's network and of travel times plays no part in them.

    Parameters
    ----------
    base
        The cities.
    rules
        Which cities are neighbours, standards, lengths over the straight line.
    costs, terrain
        Unit costs and ground.
    """
    road, rail = rules.road, rules.rail

    def straight(a: int, b: int, route_factor: float, standard: str) -> Proposal:
        return Proposal(
            candidate_id=f"{standard}:{base.ids[a]}-{base.ids[b]}",
            from_name=base.names[a],
            to_name=base.names[b],
            length_km=base.straight_km(a, b) * route_factor,
            speed_kmh=0.0,
            standard=standard,
            why="neighbours",
            geometry=base.straight_line(a, b),
            arcs=(),
        )

    proposals: list[Proposal] = []
    for a, b in Scope(base, rules).rail_pairs:
        is_long = base.straight_km(a, b) >= rail.fast_least_km
        standard = rail.fast_standard if is_long else rail.usual_standard
        proposals += of_kind("road_link", [straight(a, b, road.route_factor, road.standard)])
        proposals += of_kind("rail_link", [straight(a, b, rail.route_factor, standard)])
    return assemble(proposals, costs, terrain)


def with_budgets(problem: DesignProblem, modes: Mapping[str, str], money: recall.Money) -> DesignProblem:
    """Return a problem with other money, and with one capacity for each mode that has a budget of its own.

    Parameters
    ----------
    problem
        The problem.
    modes
        Mode of each candidate.
    money
        What may be spent.

    Notes
    -----
    The budget of a mode is a capacity: ``sum_{j of mode} c_j x_j <= money.by_mode[mode]``.
    """
    capacities = list(problem.capacities)
    for mode, most in money.by_mode.items():
        costs = ((one.id, one.cost) for one in problem.candidates if one.cost and modes[one.id] == mode)
        if use := tuple(sorted(costs)):
            capacities.append(model.Capacity(id=f"budget:{mode}", use=use, most=most))
    return problem.replace(budget=money.total, capacities=tuple(capacities))


def _pairs_within(chain: Chain) -> int:
    """Return the pairs of cities within the limit with nothing built."""
    job, times = chain.loaded.job, chain.times.value
    count = len(times.cities)
    base = proposing.base_case(times, None, job, chain.source)
    return count * (count - 1) // 2 - len(open_pairs(base))


def _network(chain: Chain) -> gpd.GeoDataFrame:
    """Return the expressways and railways of a chain."""
    roads = chain.times.value.road.links
    parts = [roads[roads["link_class"] == timing.EXPRESSWAY][["geometry"]].assign(mode="road")]
    if chain.rail is not None:
        parts.append(chain.rail.network.links[["geometry"]].assign(mode="rail"))
    return gpd.GeoDataFrame(pd.concat(parts, ignore_index=True), geometry="geometry", crs=4326)
