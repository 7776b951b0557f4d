"""Propose for a past day, and compare with what was built since and with simple rules at equal money."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from optimiser import verify
from optimiser.engine.child import ChildProcess
from optimiser.engine.search.evaluation import PlanEvaluator
from optimiser.job.model import Job, LoadedJob
from optimiser.job.sections import Budget, Caps, CityCoverage, Independence, Least, Phasing
from optimiser.measures.baselines import BASELINES, RANDOM, Links, Money, at_random, spend
from optimiser.measures.recall import MODES, Course, Nearness
from optimiser.problem import DesignProblem
from optimiser.problem import result as results
from optimiser.problem.errors import JobError
from optimiser.problem.model import Capacity
from optimiser.proposals.base_case import BaseCase, great_circle_km, line_km, on_sphere
from optimiser.proposals.costs import CostTable, Terrain, sample_line
from optimiser.proposals.generate import KINDS, Rules, Scope, of_kind, open_pairs
from optimiser.proposals.table import Candidates, Proposal, assemble
from optimiser.report import backcast as view
from optimiser.report import backcast_picture, notebook
from optimiser.report.backcast import Backcast, Choice
from optimiser.run import corridors, proposing, solving
from optimiser.run.chain import Chain
from optimiser.run.corridors import Corridor
from optimiser.run.demands import exact_share
from optimiser.run.outcome import NOT_PROVEN
from optimiser.run.source import Source, find_source
from optimiser.run.timing import EXPRESSWAY
from optimiser.studies import folders
from optimiser.tasks import cache
from optimiser.tasks.cache import Progress

if TYPE_CHECKING:
    from matplotlib.figure import Figure

ENDING = "-backcast"
"""Ending of the default run folder."""
LINES = tuple(name for name, kind in KINDS.items() if kind.lays_line)
"""Kinds of candidates that lay or widen a line."""
type PairCounter = Callable[[Sequence[str]], int]
"""Counts the pairs within their limits with some candidates built."""
_NOTHING = "Nothing was written."


@dataclass(frozen=True, slots=True)
class Backcasted:
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

    folder: Path
    found: Backcast
    exit_code: int

    def table(self, purse: str = "one", *, figure: str | None = None) -> pd.DataFrame:
        """Return what each chooser finds of what was built, along the money.

        Parameters
        ----------
        purse
            How the money is divided: `one` purse, or `by_mode`.
        figure
            One column of the table, such as `both` or `pairs`, with a row a chooser and a column for each
            share of the money; None: all of them, a row for each chooser and share.
        """
        table = view.found_by_chooser(self.found, purse)
        if figure is None:
            return table
        return table.pivot_table(index="chooser", columns="money", values=figure, sort=False)

    def against_rules(self, purse: str = "one") -> pd.DataFrame:
        """Return what the plan of lines alone finds along the money, beside the best of the simple rules.

        Parameters
        ----------
        purse
            How the money is divided: `one` purse, or `by_mode`.
        """
        return view.against_rules(self.found, purse)

    def plot(self) -> Figure:
        """Draw what was proposed beside what was built, and what each chooser finds along the money."""
        return backcast_picture.draw(self.found, dpi=100)

    def _repr_html_(self) -> str:
        """Return region, day and what each chooser finds as HTML, for a notebook."""
        found = self.found
        parts = [notebook.heading(f"{found.region}, network of {found.day}")]
        parts += [
            notebook.heading(words) + notebook.table(self.table(purse))
            for purse, words in view.PURSES.items()
        ]
        return "".join(parts)


def backcast(
    job: str | LoadedJob,
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
    loaded = folders.job_of(job, settings)
    day = (date.fromisoformat(day) if isinstance(day, str) else day) or loaded.job.region.as_of
    if day is None:
        raise JobError(
            "no day is named", where="--as-of", done=_NOTHING, remedy="Give --as-of, such as 2016-03-10."
        )
    source = find_source(loaded)
    _refuse_without_lines(loaded, source)
    target = folders.default_folder(loaded, ENDING) if out is None else Path(out)
    asked = _as_of(loaded, day)
    with folders.opened(target, asked) as stage, ChildProcess() as solver:
        steps = _Backcaster(asked, _as_of(loaded, None), day, progress or Progress(), solver)
        found, proven = steps.compare()
        folders.write(
            stage,
            {
                "backcast.csv": view.table(found.choices),
                "choices.csv": view.choice_table(found.choices),
                "corridors.csv": found.corridors,
                "backcast.json": view.summary(found),
            },
        )
        backcast_picture.write(found, stage / "backcast.png")
    return Backcasted(target, found, 0 if proven else NOT_PROVEN)


def _refuse_without_lines(loaded: LoadedJob, source: Source) -> None:
    """Refuse a job without a map, without a table of what was built, or that proposes no lines."""
    kinds = loaded.job.candidates.kinds
    if source.matrix_file is not None:
        what, remedy = "a table of travel times knows no roads and railways of a past day", "Give a map."
    elif source.built_file is None:
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
        "least": Least(),
        "city_coverage": CityCoverage(),
        "caps": Caps(),
        "independence": Independence(),
        "phasing": Phasing(),
    }
    return replace(loaded, job=job.model_copy(update=changes))


def _with(loaded: LoadedJob, *, kinds: Sequence[str] | None = None, budget: int | None = None) -> LoadedJob:
    """Return a job with other kinds of candidates, or another budget."""
    job = loaded.job
    if kinds is not None:
        job = job.model_copy(update={"candidates": job.candidates.model_copy(update={"kinds": tuple(kinds)})})
    if budget is not None:
        job = job.model_copy(update={"budget": Budget(amount=budget)})
    return replace(loaded, job=job)


@dataclass(frozen=True, slots=True)
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
    """

    name: str
    lines: Candidates
    links: Links
    near: Nearness

    @property
    def ids(self) -> list[str]:
        """Return the ids of the lines."""
        return [str(name) for name in self.lines.table["candidate_id"]]

    def rows(self, built: Sequence[str]) -> list[int]:
        """Return the rows of the lines among some candidates."""
        names = set(built)
        return [row for row, name in enumerate(self.ids) if name in names]


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
    progress
        Notified of each step.
    solver
        The process that solves.
    """

    loaded: LoadedJob
    today: LoadedJob
    day: date
    progress: Progress
    solver: ChildProcess

    def compare(self) -> tuple[Backcast, bool]:
        """Return the back-cast, and whether each plan is within the gap asked for."""
        first, job = self._chain(self.loaded), self.loaded.job
        source, times = first.source, first.times.value
        _refuse_without_dates(times.report, self.day, source)
        table, land = proposing.ground_of(source, times, first.rail)
        later = corridors.read_corridors(
            _table_of(source), table, land, after=self.day, level=job.costs.level
        )
        counted = [one for one in later if not one.left_out]
        spent = {mode: sum(one.cost for one in counted if one.mode == mode) for mode in MODES}
        total = sum(spent.values())
        purses = {"one": Money(total, {}), "by_mode": Money(total, spent)}

        base = proposing.base_case(times, first.rail, job, source)
        kinds = [kind for kind in LINES if kind in (job.candidates.kinds or LINES)]
        is_lines_alone = set(job.candidates.kinds) == set(kinds)
        alone = self._chain(_with(self.loaded, kinds=kinds, budget=total))
        straight = neighbour_lines(base, proposing.rules_of(job, source), table, land)
        pool, neighbours = (
            self._pool(name, lines, base, counted)
            for name, lines in (
                ("proposed", _lines(alone.candidates.value)),
                ("neighbours", proposing.at_level(straight, job)),
            )
        )
        count = _pair_counter(alone.counted.value)
        choices = (
            *(() if is_lines_alone else self._plans_of_whole(purses, counted, base, total)),
            *self._plans("plan_lines", alone, pool, purses),
            *self._rules(pool, purses, count),
            *self._rules(neighbours, purses, None),
            _everything(pool, count),
        )
        proven = all(
            one.gap is not None and one.gap <= job.solve.gap for one in choices if one.chooser in view.PLANS
        )
        return self._found(first, base, later, spent, pool, choices), proven

    def _chain(self, loaded: LoadedJob) -> Chain:
        return Chain(loaded, find_source(loaded), self.progress, self.solver)

    def _pool(self, name: str, lines: Candidates, base: BaseCase, built: Sequence[Corridor]) -> _Pool:
        """Return lines with what they find of the corridors built."""
        asked, courses = self.loaded.job.backcast, [course(one.mode, one.line) for one in built]
        shapes = zip(lines.table["mode"], lines.table.geometry, strict=True)
        near = Nearness.of(
            courses,
            [course(str(mode), shape) for mode, shape in shapes],
            near_km=asked.near_km,
            found_share=asked.found_share,
        )
        return _Pool(name, lines, links_of(lines, base), near)

    def _plans_of_whole(
        self, purses: Mapping[str, Money], built: Sequence[Corridor], base: BaseCase, total: int
    ) -> Iterator[Choice]:
        """Yield what the model chooses among all kinds of candidates, along the money."""
        whole = self._chain(_with(self.loaded, budget=total))
        pool = self._pool("proposed", _lines(whole.candidates.value), base, built)
        yield from self._plans("plan", whole, pool, purses)

    def _plans(
        self, chooser: str, chain: Chain, pool: _Pool, purses: Mapping[str, Money]
    ) -> Iterator[Choice]:
        """Yield what the model chooses, along the money."""
        table = chain.candidates.value.table
        modes = dict(zip(table["candidate_id"].astype(str), table["mode"].astype(str), strict=True))
        costs, count = pool.lines.costs, _pair_counter(chain.counted.value)
        for purse, money in purses.items():
            for share in self.loaded.job.backcast.shares:
                part = money.part(exact_share(share))
                asked = with_purses(chain.problem.value, modes, part)
                plan = self._solved(chain, asked, f"{part.total:,}, {view.PURSES[purse]}")
                rows = pool.rows(plan.built)
                yield Choice(
                    chooser=chooser,
                    pool=pool.name,
                    purse=purse,
                    share=share,
                    money=part.total,
                    cost=plan.cost,
                    lines_cost=sum(costs[pool.ids[row]] for row in rows),
                    lines=tuple(pool.ids[row] for row in rows),
                    recall=pool.near.recall(rows),
                    pairs=count(plan.built),
                    gap=plan.gap,
                )

    def _solved(self, chain: Chain, problem: DesignProblem, money: str) -> verify.Plan:
        """Return the verified plan of a problem; only proven results are kept for the next run.

        Parameters
        ----------
        chain
            The steps that the problem is from.
        problem
            The problem with its money.
        money
            The money in words, for people.
        """
        settings = self.loaded.job.solve

        def make(place: Path) -> None:
            found = solving.solve(
                problem, settings, progress=self.progress.trace(settings.time_limit_s), run=self.solver
            )
            results.save(found, place / "result.json")

        inputs = {
            "problem": chain.problem.key,
            "budget": problem.budget,
            "purses": [[one.id, one.most] for one in problem.capacities],
            "solve": settings.model_dump(),
        }
        title = f"Solving for {money}"
        with self.progress.step(title, title):
            outcome = cache.get("backcast", inputs, make)
        found = results.load(outcome.folder / "result.json")
        if not found.is_proven(settings.gap):
            cache.forget(outcome)
        return verify.check(problem, found)

    def _rules(self, pool: _Pool, purses: Mapping[str, Money], count: PairCounter | None) -> Iterator[Choice]:
        """Yield what the rules choose, along the money."""
        asked = self.loaded.job.backcast
        orders: list[tuple[str, int | None, NDArray[np.int64]]] = [
            (name, None, rule(pool.links)) for name, rule in BASELINES.items()
        ]
        orders += [(RANDOM, seed, at_random(pool.links, seed)) for seed in range(1, asked.draws + 1)]
        for purse, money in purses.items():
            for share in asked.shares:
                part = money.part(exact_share(share))
                for name, draw, order in orders:
                    rows = spend(order.tolist(), pool.links, part)
                    yield _choice(
                        pool,
                        rows,
                        count,
                        chooser=name,
                        draw=draw,
                        purse=purse,
                        share=share,
                        money=part.total,
                    )

    def _found(
        self,
        first: Chain,
        base: BaseCase,
        later: Sequence[Corridor],
        spent: Mapping[str, int],
        pool: _Pool,
        choices: Sequence[Choice],
    ) -> Backcast:
        """Bring together what tables and picture show."""
        job, source, times = self.loaded.job, first.source, first.times.value
        shown = next(
            one
            for one in choices
            if one.chooser == "plan_lines" and one.purse == "one" and one.share == _middle(job)
        )
        counted = [one for one in later if not one.left_out]
        shares = pool.near.found(pool.rows(shown.lines)).tolist()
        by_id = dict(zip((one.id for one in counted), shares, strict=True))
        built = gpd.GeoDataFrame(
            {
                "id": [one.id for one in counted],
                "mode": [one.mode for one in counted],
                "share_found": shares,
                "ends_at_cities": [ends_at_cities(one.line, base, job.backcast.near_km) for one in counted],
                "km": [line_km(one.line) for one in counted],
            },
            geometry=[one.line for one in counted],
            crs=4326,
        )
        return Backcast(
            region=source.title,
            attribution=source.attribution,
            day=self.day,
            money=pool.lines.money,
            limit_s=job.times.limit_s,
            near_km=job.backcast.near_km,
            spent=dict(spent),
            choices=tuple(choices),
            pairs={
                "total": len(times.cities) * (len(times.cities) - 1) // 2,
                "then": _pairs_within(first),
                "today": _pairs_within(self._chain(self.today)),
            },
            corridors=corridors.corridor_table(
                later, by_id, dict(zip(built["id"], built["ends_at_cities"], strict=True))
            ),
            built=built,
            lines=pool.lines.table[["candidate_id", "mode", "geometry"]],
            network=_network(first),
            cities=times.cities[["name", "tier", "population", "geometry"]],
            shown=shown,
        )


def _table_of(source: Source) -> Path:
    """Return the table of what was built, which `_refuse_without_lines` has made sure of."""
    if source.built_file is None:
        raise ValueError("the region has no table of what was built")
    return source.built_file


def _refuse_without_dates(report: Mapping[str, Any], day: date, source: Source) -> None:
    """Refuse a map of which nothing was opened after the day, for want of dates or of later openings."""
    roads = report.get("roads", {}).get("dropped", {}).get("not_yet_open", 0)
    tracks = report.get("rail", {}).get("tracks_left_out", {}).get("opened later", 0)
    if roads + tracks:
        return
    raise JobError(
        f"by its dates the map holds no road or track that was opened after {day}",
        where=str(source.map_file or source.title),
        done=_NOTHING,
        remedy="Give start_date to the ways that were opened since, or name an earlier day.",
    )


def course(mode: str, line: shapely.Geometry) -> Course:
    """Return the course of a line in degrees, sampled at about half a km.

    Parameters
    ----------
    mode
        road or rail.
    line
        The line.
    """
    points = sample_line(line)
    return Course(mode, on_sphere(points[:, 0], points[:, 1]), line_km(line))


def _lines(candidates: Candidates) -> Candidates:
    """Return the candidates that are lines: those of kinds that lay one, and the user's own with a length."""
    kinds, length = candidates.table["kind"].isin(LINES), candidates.table["length_km"] > 0
    own = ~candidates.table["kind"].isin(list(KINDS)) & candidates.table["mode"].isin(MODES) & length
    return candidates.take(np.flatnonzero((kinds | own).to_numpy(dtype=bool)).tolist())


def links_of(lines: Candidates, base: BaseCase) -> Links:
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
    return Links(
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
    proposals = [
        one
        for a, b in Scope(base, rules).rail_pairs
        for one in (
            *of_kind("road_link", [_straight(base, a, b, rules.road.route_factor, rules.road.standard)]),
            *of_kind(
                "rail_link",
                [_straight(base, a, b, rules.rail.route_factor, _rail_standard(base, a, b, rules))],
            ),
        )
    ]
    return assemble(proposals, costs, terrain)


def _rail_standard(base: BaseCase, a: int, b: int, rules: Rules) -> str:
    is_long = base.straight_km(a, b) >= rules.rail.fast_least_km
    return rules.rail.fast_standard if is_long else rules.rail.usual_standard


def _straight(base: BaseCase, a: int, b: int, route_factor: float, standard: str) -> Proposal:
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


def with_purses(problem: DesignProblem, modes: Mapping[str, str], money: Money) -> DesignProblem:
    """Return a problem with other money, and where modes have purses of their own, with one capacity each.

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
    A purse is a capacity: ``sum_{j of mode} c_j x_j <= money.by_mode[mode]``.
    """
    capacities = []
    for mode, most in money.by_mode.items():
        use = tuple(
            sorted((one.id, one.cost) for one in problem.candidates if one.cost and modes[one.id] == mode)
        )
        if use:
            capacities.append(Capacity(id=f"purse:{mode}", use=use, most=most))
    return problem.replace(budget=money.total, capacities=(*problem.capacities, *capacities))


def _choice(
    pool: _Pool,
    rows: Sequence[int],
    count: PairCounter | None,
    *,
    chooser: str,
    purse: str,
    share: float | None,
    money: int,
    draw: int | None = None,
) -> Choice:
    """Return a choice of lines, measured; pairs only where they can be counted."""
    names = [pool.ids[row] for row in rows]
    cost = int(pool.links.cost[list(rows)].sum())
    return Choice(
        chooser=chooser,
        pool=pool.name,
        purse=purse,
        share=share,
        money=money,
        cost=cost,
        lines_cost=cost,
        lines=tuple(names),
        recall=pool.near.recall(rows),
        draw=draw,
        pairs=None if count is None else count(names),
    )


def _pair_counter(problem: DesignProblem) -> PairCounter:
    """Return a function that counts the pairs within their limits with some candidates built.

    Candidates that serve no pair are not part of the problem; they change no count.
    """
    evaluate = PlanEvaluator(problem)
    return lambda built: int(evaluate.covered([name for name in built if name in problem.index]).sum())


def _everything(pool: _Pool, count: PairCounter) -> Choice:
    """Return the choice of all lines, which no choice among them can surpass."""
    cost = int(pool.links.cost.sum())
    rows = range(len(pool.lines))
    return _choice(pool, rows, count, chooser="everything", purse="one", share=None, money=cost)


def _middle(job: Job) -> float:
    """Return the share of the money whose choice is shown on the map."""
    return job.backcast.shares[(len(job.backcast.shares) - 1) // 2]


def _pairs_within(chain: Chain) -> int:
    """Return the pairs of cities within the limit with nothing built."""
    job, times = chain.loaded.job, chain.times.value
    count = len(times.cities)
    base = proposing.base_case(times, None, job, chain.source)
    return count * (count - 1) // 2 - len(open_pairs(base))


def _network(chain: Chain) -> gpd.GeoDataFrame:
    """Return the expressways and railways of a chain."""
    roads = chain.times.value.road.links
    parts = [roads[roads["link_class"] == EXPRESSWAY][["geometry"]].assign(mode="road")]
    if chain.rail is not None:
        parts.append(chain.rail.network.links[["geometry"]].assign(mode="rail"))
    return gpd.GeoDataFrame(pd.concat(parts, ignore_index=True), geometry="geometry", crs=4326)
