"""Work through a region step by step: cities, travel times, candidates, problem, verified plan."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from functools import cached_property, wraps
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Concatenate, Self, cast, overload

import geopandas as gpd
import networkx as nx
import pandas as pd

from networks import countries, inputs, regions
from networks.intermodal import Definition
from networks.matrix import write_omx
from optimiser import verify as checking
from optimiser.engine.certification import certify as certify_problem
from optimiser.engine.model_file import write_model as write_model_of
from optimiser.engine.search.task import NamedPlan, SolveParameters
from optimiser.engine.solve import solve as solve_problem
from optimiser.frontier import trace as trace_frontier
from optimiser.job import Job, LoadedJob, find, loads, render, sections
from optimiser.problem import DesignProblem, save
from optimiser.problem.errors import JobError
from optimiser.problem.result import Result, TracePoint
from optimiser.proposals.generate import Kind
from optimiser.proposals.table import Candidates
from optimiser.report import page, ring_layout
from optimiser.run.chain import Chain
from optimiser.run.proposing import propose_candidates
from optimiser.run.solving import notes_on_task
from optimiser.run.source import find_source
from optimiser.run.timing import warnings_of
from optimiser.studies.comparison import Table
from optimiser.studies.finished import Run, times_table
from optimiser.studies.whatif import IN_MEMORY, Limit, Study, WhatIf, budget_given, door, limit_seconds, warn
from optimiser.tasks.cache import Progress, folder, told

CITY_SOURCES = ("geonames", "osm", "region")
"""Where cities may come from other than a file."""


@dataclass(frozen=True, eq=False)
class RegionProblem:
    """A design problem with the region that it was made from.

    Attributes
    ----------
    chain
        The steps behind it.
    design
        The problem: ids and integers alone, for `save_problem` and the like.
    """

    chain: Chain = field(repr=False)
    design: DesignProblem

    def _repr_html_(self) -> str:
        """Return sizes and budget as HTML, for a notebook."""
        return page.heading(self.design.name, repr(self.design).strip("<>"))


type Problem = DesignProblem | RegionProblem
"""A problem, alone or with the region that it was made from."""


def _taking_regions[**P, T](
    function: Callable[Concatenate[DesignProblem, P], T],
) -> Callable[Concatenate[Problem, P], T]:
    """Return a function of a design problem that takes that of a region too."""

    @wraps(function)
    def taken(problem: Problem, *given: P.args, **further: P.kwargs) -> T:
        return function(_design(problem), *given, **further)

    return cast("Callable[Concatenate[Problem, P], T]", taken)


def _design(problem: Problem) -> DesignProblem:
    return problem.design if isinstance(problem, RegionProblem) else problem


certify, check = _taking_regions(certify_problem), _taking_regions(checking.check)
save_problem, trace = _taking_regions(save), _taking_regions(trace_frontier)
write_model = _taking_regions(write_model_of)


@dataclass(frozen=True, eq=False, repr=False)
class Region:
    """A map with its cities; every step takes the values of earlier ones and is kept in the cache.

    Attributes
    ----------
    loaded
        The job that describes the region; its other keys have their defaults, or what `settings` say.
    progress
        Notified of each step.
    """

    loaded: LoadedJob
    progress: Progress = field(default_factory=Progress)

    @classmethod
    @door
    def read(
        cls,
        file: str | Path | nx.Graph | pd.DataFrame,
        *,
        cities: str | Path | pd.DataFrame = "",
        country: str = "",
        limit: Limit = "4h",
        costs: str | Path = "",
        terrain: str | Path | gpd.GeoDataFrame = "",
        settings: Sequence[str] = (),
        progress: Progress | None = None,
    ) -> Self:
        """Describe a region; its map is read when something is asked of it.

        Parameters
        ----------
        file
            OSM extract (`.osm.pbf`, `.osm`, `.osm.gz`, `.osm.bz2`), what `polyring import` wrote (`.gpkg`),
            or name of an embedded region. In place of a map a street graph of OSMnx (`.graphml`, or itself:
            it is kept in the cache), a timetable in the format GTFS (`.zip`), or a table of travel times
            (`.csv`, `.parquet`, `.omx`, or such a table itself, whose index may be its first column:
            ``region.travel_times().rename_axis("seconds")``; then only candidates of your own count).
        cities
            CSV or table with id, name, lon, lat, population, or points with the other columns; or `geonames`,
            `osm` (places of the map from `cities.least_population`, 50,000) or `region` (the list of an
            embedded region). Default: the region's own list where it has one, `geonames` for a graph or a
            timetable, else `osm`.
        country
            ISO 3166 code for default speeds and costs; empty: that of the embedded region, else `world`.
        limit
            Time limit for which candidates are proposed: ``"3h30"``, a `timedelta`, or seconds, at least 300.
        costs
            Cost table of your own (TOML, docs/candidates.md); default: that of the country.
        terrain
            Raster of heights, or polygons with a column `terrain` (docs/candidates.md), or `plain` for all
            plain; else coarse relief.
        settings
            Changes of further keys of a job, such as ``access.wait_cap_s=900``, values in TOML.
        progress
            Notified of each step.

        Raises
        ------
        JobError
            When a file is missing, or a setting has faults.
        """
        if isinstance(file, gpd.GeoDataFrame):
            raise JobError(
                "a table with geometry is no map",
                where="Region.read",
                done="Nothing was read.",
                remedy="Give a graph of networkx with x, y and highway (docs/osmnx.md), an extract of "
                "OpenStreetMap, or a table of travel times without geometry.",
            )
        name = _file_of(file, "times")
        is_embedded = name in regions.names()
        given = "name" if is_embedded else sections.KEYS_BY_SUFFIX.get(Path(name).suffix, "file")
        places = _file_of(cities, "cities")
        job = Job.model_validate(
            {
                "region": {given: name, "country": country},
                "cities": {"source" if places in CITY_SOURCES else "file": places},
                "times": {"limit_s": limit_seconds(limit)},
                "costs": {"table": str(costs), "terrain": _file_of(terrain, "terrain")},
            }
        )
        job = loads(render(job), where="Region.read", settings=settings)
        title = name if is_embedded else Path(name).name.split(".")[0]
        title = title if isinstance(file, str | Path) else "graph" if isinstance(file, nx.Graph) else "times"
        loaded = LoadedJob(title, Path.cwd(), job)
        source = find_source(loaded)  # missing files are reported here, not when they are read
        if not country and source.country == countries.WORLD:
            told = "No country is given: default speeds and costs (million USD) are those of the world."
            warn([f"{told} country='{countries.WORLD}' confirms that."])
        return cls(loaded, progress or Progress())

    @classmethod
    @door
    def of(cls, job: str, *, settings: Sequence[str] = (), progress: Progress | None = None) -> Self:
        """Return the region of a ready job or of a job file, with all keys of the job."""
        return cls(find(job, settings=settings), progress or Progress())

    @cached_property
    @door
    def cities(self) -> gpd.GeoDataFrame:
        """Return the cities on the network: `city_id`, `name`, `tier`, `population`, points in degrees."""
        return Table(self._chain.times.value.cities)

    @cached_property
    def roads(self) -> gpd.GeoDataFrame:
        """Return the links of today's roads with speeds and travel times (docs/data-contract.md)."""
        return Table(self._chain.times.value.road.links)

    @cached_property
    def railways(self) -> gpd.GeoDataFrame:
        """Return the links of today's railways (docs/data-contract.md)."""
        return Table(self._chain.rail_network.links)

    @door
    def travel_times(self, definition: Definition | None = None) -> pd.DataFrame:
        """Return today's travel times between cities, in whole seconds.

        Parameters
        ----------
        definition
            `door_to_door` or `in_vehicle`; None: that of the region.

        Returns
        -------
        pandas.DataFrame
            Int64 [cities x cities], names of cities on both sides; empty where no path leads.
        """
        times = self._chain.times.value
        warn(times.warnings)
        skim = times.skims[definition or self.loaded.job.times.definition]
        return times_table(times.cities["name"], skim)

    def write_omx(self, path: str | Path) -> None:
        """Write today's travel times between cities as OMX: `seconds`, float64, NaN where no path leads."""
        write_omx(path, self._chain.times.value.cities["city_id"], {"seconds": self.travel_times()})

    @door
    def candidates(
        self,
        kinds: Sequence[str] | None = None,
        *,
        limit: Limit | None = None,
        file: str | Path | pd.DataFrame = "",
        further: Mapping[str, Kind] | None = None,
    ) -> Candidates:
        """Propose what may be built, with costs and with what serves its ends today.

        Parameters
        ----------
        kinds
            Kinds to propose, such as `gap` and `rail_link` (docs/candidates.md); None: all; empty: none.
        limit
            Time limit that they should help to keep; None: that of the region.
        file
            Further candidates of your own: GeoJSON, GeoPackage, CSV, or a table of one.
        further
            Kinds of your own by name, each with its generator (docs/extending.md). They are proposed beside
            the kinds asked for, and, since code cannot be compared, anew at each call.

        Returns
        -------
        Candidates
            `table` (a GeoDataFrame) and `arcs`; `take(rows)` keeps some of them.

        Raises
        ------
        JobError
            When a kind is unknown, or a table of your own is given in place of kinds.
        CandidateError
            When a kind of your own has the name of another, or what it proposes cannot be priced.
        """
        if isinstance(kinds, str | Path | pd.DataFrame):
            remedy = "Give a table of your own as file=, kinds as a list such as ['gap']."
            raise JobError("kinds is no list of kinds", where="candidates", remedy=remedy)
        listed = () if kinds is None else tuple(kinds) or ("none",)
        asked = self.loaded.job.candidates.model_copy(update={"kinds": listed})
        if own := _file_of(file, "candidates"):
            asked = asked.model_copy(update={"file": str(Path(own).absolute())})
        chain = self._with(limit, candidates=asked)
        if not further:
            return chain.candidates.value
        job, source = chain.loaded.job, chain.source
        return propose_candidates(chain.base, chain.times.value, chain.rail, job, source, further=further)

    @door
    def problem(
        self,
        candidates: Candidates | None = None,
        *,
        limit: Limit | None = None,
        budget: float | None = None,
        budget_share: float | None = None,
        name: str = "",
    ) -> RegionProblem:
        """State the design problem: candidates, pairs of cities, limit, budget.

        Parameters
        ----------
        candidates
            What may be built, as proposed or chosen from it; None: all that is proposed.
        limit
            Time limit; None: that of the region.
        budget, budget_share
            In the unit of money of the costs (below 1: a share), or as a share of the cost of all candidates;
            both None: as the region says, else a tenth, and at least what the best single candidate costs.
        name
            Name of the problem, and in the headline of its plan; empty: that of the region.

        Raises
        ------
        JobError
            When limit or budget cannot be read.
        """
        changes: dict[str, sections.Section] = {}
        if budget is not None or budget_share is not None:
            amount, share = budget_given(budget, budget_share, of="the cost of all candidates", money="")
            given = {"amount": amount} if share is None else {"share": share}
            changes["budget"] = sections.Budget.model_validate(given)
        chain = replace(self._with(limit, **changes), own=candidates)
        if name:
            loaded, source = replace(chain.loaded, name=name), replace(chain.source, title=name)
            chain = replace(chain, loaded=loaded, source=source)
        found = chain.candidates.value
        warn(warnings_of(chain.times.value, found))
        warn(notes_on_task(chain.draft.value, found, chain.loaded.job))
        return RegionProblem(chain, chain.design)

    def __repr__(self) -> str:
        """Return the name in one line; nothing is read for it."""
        return f"<Region {self.loaded.name}>"

    def _repr_html_(self) -> str:
        """Return the cities as a table, for a notebook."""
        cities = pd.DataFrame(self.cities)
        columns = {name: name for name in ("name", "tier", "population")}
        return page.heading(self.loaded.name) + page.table(cities, columns=columns)

    @cached_property
    def _chain(self) -> Chain:
        return Chain(self.loaded, find_source(self.loaded), self.progress)

    def _with(self, limit: Limit | None, **changes: sections.Section) -> Chain:
        """Return the steps of the region with another limit and other sections."""
        what_if = WhatIf(limit_s=None if limit is None else limit_seconds(limit))
        loaded = replace(self.loaded, job=what_if.of(self.loaded.job.model_copy(update=changes)))
        return Chain(loaded, find_source(loaded), self.progress)


def _file_of(value: str | Path | nx.Graph | pd.DataFrame, what: str) -> str:
    """Return the path of an input; one in memory is kept in the cache, named by its content.

    Parameters
    ----------
    what
        What a table holds: `cities`, `times`, or features of another kind.
    """
    if isinstance(value, str | Path):
        return str(value)
    if isinstance(value, gpd.GeoDataFrame) and value.crs is None:
        raise JobError(
            f"the table of {what} has no CRS", where=what, remedy="For degrees write set_crs(4326)."
        )
    value = inputs.flat(value) if isinstance(value, pd.DataFrame) else value
    has_shapes = isinstance(value, gpd.GeoDataFrame) and what != "cities"
    suffix = ".geojson" if has_shapes else ".csv"
    suffix = suffix if isinstance(value, pd.DataFrame) else sections.GRAPH_SUFFIX
    kept = folder() / IN_MEMORY
    kept.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=kept) as place:
        part = Path(place) / f"{what}{suffix}"
        if not isinstance(value, pd.DataFrame):
            import osmnx as ox

            graph = nx.MultiDiGraph(value)  # of a graph without directions: both
            is_numbered = all(isinstance(node, int) for node in graph)
            ox.io.save_graphml(graph if is_numbered else nx.convert_node_labels_to_integers(graph), part)
        elif not isinstance(value, gpd.GeoDataFrame):
            value.to_csv(part, index=False)
        elif what == "cities":
            points = value.to_crs(ring_layout.WGS84).rename(columns={"city_id": "id"})
            if not (points.geom_type == "Point").all():
                remedy = "Write table.set_geometry(table.representative_point())."
                raise JobError("the table of cities has rows that are no points", where=what, remedy=remedy)
            table = pd.DataFrame(points.drop(columns="geometry"))
            table.assign(lon=points.geometry.x, lat=points.geometry.y).to_csv(part, index=False)
        else:
            value.to_crs(ring_layout.WGS84).to_file(part, driver="GeoJSON")
        path = kept / f"{what}-{inputs.checksum(part)[:24]}{suffix}"
        part.replace(path)
    return str(path)


@door
def solve(  # noqa: PLR0913 - the options of the command
    problem: Problem,
    *,
    gap: sections.Share | None = None,
    time_limit_s: float | None = None,
    threads: sections.Threads | None = None,
    seed: sections.Seed | None = None,
    variant: str | Path = "auto",
    start: Result | NamedPlan | None = None,
    params: SolveParameters | None = None,
    progress: Callable[[TracePoint], None] | None = None,
) -> Result:
    """Solve a problem; the result is a claim, which `verify` checks.

    Parameters
    ----------
    problem
        Of `Region.problem`, or read by `load_problem`.
    gap, time_limit_s, threads, seed
        In place of those of `params`: relative gap at which to stop, limit in seconds, number of threads,
        random seed.
    variant
        A name that ``polyring list`` shows, or a Python file with a variant of your own, which is run.
    start
        A known plan, also of a similar problem, from which the solve starts; where it is infeasible, it is a
        hint. It changes how soon plans are found, never what is proved.
    params
        All limits and options; default `SolveParameters()`: gap 0, an effort of 1.
    progress
        Called with each improvement of plan or bound.

    Raises
    ------
    OptimiserError
        When variant, solver or problem do not fit, or the solver failed.
    """
    known = NamedPlan.of(start) if isinstance(start, Result) else start
    given = {"gap": gap, "time_limit_s": time_limit_s, "threads": threads, "seed": seed, "start": known}
    chosen = (params or SolveParameters()).replace(
        **{key: value for key, value in given.items() if value is not None}
    )
    design = _design(problem)
    with nullcontext() if progress else told(f"Solving {design.name}", chosen.time_limit_s):
        return solve_problem(design, variant=variant, params=chosen, progress=progress)


@overload
def verify(problem: RegionProblem, result: Result) -> Run: ...
@overload
def verify(problem: DesignProblem, result: Result) -> checking.Plan: ...
@door
def verify(problem: Problem, result: Result) -> Run | checking.Plan:
    """Recompute a result independently of the solver and return the verified plan.

    Parameters
    ----------
    problem
        The problem that was solved.
    result
        The claim.

    Returns
    -------
    Run or Plan
        Of a problem of a region a `Run`, with tables, map and report; of a problem without a region its
        `Plan`.

    Raises
    ------
    VerificationError
        With every claim that disagrees with what is recomputed.
    """
    if isinstance(problem, DesignProblem):
        return checking.check(problem, result)
    plan, chain = checking.check(problem.design, result), replace(problem.chain, known=result)
    return Run(Study(chain), problem.design, result, plan, chain.counted.value)
