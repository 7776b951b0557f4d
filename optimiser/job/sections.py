"""Type the sections of a job: every key with its unit, its default and its meaning."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from fractions import Fraction
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

Names = Annotated[tuple[str, ...], Field(strict=False)]
Numbers = Annotated[tuple[float, ...], Field(strict=False)]
Share = Annotated[float, Field(ge=0, le=1)]
Whole = Annotated[int, Field(ge=0, lt=2**63)]
Positive = Annotated[int, Field(gt=0, lt=2**63)]
Shares = Annotated[tuple[Share, ...], Field(strict=False)]
Years = Annotated[tuple[Positive, ...], Field(strict=False)]
Seconds = Annotated[tuple[Whole, ...], Field(strict=False)]
Stretch = Annotated[float, Field(ge=1, le=10)]
PositiveShare = Annotated[float, Field(gt=0, le=1)]
Limit = Annotated[float, Field(gt=0, le=10_000_000)]
"""Seconds that something may take."""
Megabytes = Annotated[int, Field(ge=0, le=10_000_000)]
Seed = Annotated[int, Field(ge=0, lt=2**31)]
Threads = Annotated[int, Field(ge=0, le=4096)]
Kilometres = Annotated[float, Field(gt=0, le=5000)]
Radius = Annotated[float, Field(gt=0, le=500)]
"""Kilometres round a place or a line."""
AccessSeconds = Annotated[int | None, Field(ge=0, le=14_400)]
"""Seconds between door and train; None: as in the table of the country."""
GtfsModes = Annotated[tuple[Literal["rail", "coach"], ...], Field(strict=False)]
BuildingYears = Annotated[int, Field(ge=0, le=50)]

GRAPH_SUFFIX = ".graphml"
"""Ending of files with a street graph."""
FEED_SUFFIX = ".zip"
"""Ending of a timetable in the format GTFS."""

USUAL_YEARS = 5
"""Years of a period where none are given: the length of a five-year plan."""


class Section(BaseModel):
    """A section of a job: frozen, strict, without unknown keys, nan, infinity and null characters."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)

    @field_validator("*", mode="before")
    @classmethod
    def _has_no_null(cls, value: object) -> object:
        """Refuse a character that ends a path where the system reads it."""
        if isinstance(value, str) and "\0" in value:
            raise ValueError("it holds a null character")
        return value


class Region(Section):
    """Where: an embedded region, a file, a graph, an area to fetch, times, or the surroundings of a place."""

    name: str = Field("", description="embedded region; `polyring list` names them")
    file: str = Field(
        "", description="OSM extract: .osm.pbf, .osm, .osm.gz or .osm.bz2; or .gpkg of `polyring import`"
    )
    graph: str = Field("", description="street graph of OSMnx for the roads: GraphML of save_graphml")
    graph_speeds: Literal["table", "graph"] = Field(
        "table",
        description="speeds of a graph: table: by its tags and the country's table; graph: its speed_kph and "
        "travel_time",
    )
    place: str = Field("", description="place name to fetch from OpenStreetMap")
    bbox: Numbers = Field((), description="box to fetch: [west, south, east, north], degrees")
    polygon: str = Field("", description="file with the polygon to fetch (GeoJSON or GeoPackage)")
    overpass: str = Field("", description="Overpass server to fetch from; empty: the one set in OSMnx")
    nominatim: str = Field("", description="Nominatim server for place names; empty: the one set in OSMnx")
    matrix: str = Field(
        "", description="table of travel times, in place of a network: CSV or Parquet, seconds"
    )
    around: str = Field(
        "",
        description="town, or latitude and longitude ('6.5,3.4'), around which the world networks of the "
        "extra `world` are clipped: a screening, without download",
    )
    radius_km: float = Field(300.0, ge=20, le=1500, description="radius of `around`, km")
    gtfs: str = Field(
        "",
        description="timetable in the format GTFS (zip), alone (then there are no roads) or beside a map, "
        "whose own trains then do not count",
    )
    gtfs_date: date | None = Field(
        None, description="day of the timetable that counts; not set: its representative day"
    )
    gtfs_modes: GtfsModes = Field(
        ("rail",),
        min_length=1,
        description="what to read of the timetable: rail (route types 2, 100 to 117), coach (3, 200 to 209)",
    )
    gtfs_hours: Numbers = Field(
        (),
        description="[from, to]: only trains under way, by the middle of it, between these hours; empty: the "
        "whole day",
    )
    country: str = Field(
        "", description="ISO 3166 code for default speeds, such as CN; empty: the region's own"
    )
    margin_km: float = Field(
        50.0, ge=0, le=1000, description="margin to fetch, or to clip, beyond the area, km"
    )
    as_of: date | None = Field(None, description="state of the network at this date; not set: today's")

    @model_validator(mode="after")
    def _has_one_source(self) -> Region:
        sources = ("name", "file", "graph", "place", "bbox", "polygon", "matrix", "around")
        given = [key for key in sources if getattr(self, key)]
        if len(given) > 1 or not (given or self.gtfs):
            listed = " and ".join(given) if given else "none"
            raise ValueError(f"give exactly one of {', '.join(sources)}, or gtfs alone (given: {listed})")
        if self.bbox and not _is_box(self.bbox):
            raise ValueError("bbox must be [west, south, east, north] in degrees, west < east, south < north")
        return self

    @model_validator(mode="after")
    def _has_fitting_timetable(self) -> Region:
        if self.gtfs and self.matrix:
            raise ValueError("gtfs and matrix do not go together: a matrix has no trains")
        chosen = self.gtfs_date or self.gtfs_hours or self.gtfs_modes != ("rail",)
        if chosen and not (self.gtfs or self.name):
            raise ValueError("gtfs_date, gtfs_modes and gtfs_hours choose from a timetable; give gtfs")
        if self.gtfs_hours and not _is_span(self.gtfs_hours):
            raise ValueError("gtfs_hours must be [from, to], two different hours from 0 to 24")
        return self


def _is_span(hours: tuple[float, ...]) -> bool:
    """Tell whether these are two different hours of the day."""
    return len(hours) == 2 and all(0 <= hour <= 24 for hour in hours) and hours[0] % 24 != hours[1] % 24


def _is_box(box: tuple[float, ...]) -> bool:
    """Tell whether these are the west, south, east and north border of a box."""
    return len(box) == 4 and -180 <= box[0] < box[2] <= 180 and -90 <= box[1] < box[3] <= 90


class Cities(Section):
    """Which cities, and the tier of each one."""

    source: Literal["auto", "region", "csv", "geonames", "osm"] = Field(
        "auto",
        description="region: the region's own list; csv: a file; geonames; osm: place nodes with "
        "population; auto: csv where a file is given, else region where it has a name, geonames with "
        "`around`, else osm",
    )
    list: str = Field("cities", description="list of cities of an embedded region")
    file: str = Field("", description="CSV with id, name, lon, lat, population")
    least_population: Whole = Field(50_000, description="smaller places are left out (geonames, osm), people")
    largest: Whole = Field(
        0, le=10_000, description="keep this number of cities, the largest (geonames, osm); 0: all"
    )
    tiers: Literal["auto", "population", "rank"] = Field(
        "auto",
        description="tiers of cities without one: population (the two limits below); rank (in the cluster: "
        "core are the largest 6 %, at least one, secondary the next 35 %); auto: population where that "
        "leaves a core city or a limit is given, else rank",
    )
    core_above: Positive | None = Field(
        None, description="core tier: more built-up people than this; not set: as in the country (5000000)"
    )
    secondary_from: Positive | None = Field(
        None,
        description="secondary tier: at least this number of people; not set: as in the country (500000)",
    )
    snap_km: float = Field(10.0, gt=0, le=1000, description="largest distance from a city to the network, km")

    @model_validator(mode="after")
    def _has_ordered_thresholds(self) -> Cities:
        if self.core_above is not None and (self.secondary_from or 0) > self.core_above:
            raise ValueError("secondary_from must not exceed core_above")
        if self.source == "csv" and not self.file:
            raise ValueError("source = 'csv' needs file")
        return self


class Times(Section):
    """The time limit, and how the time of a trip is counted."""

    limit_s: Positive = Field(14_400, description="time limit T of a covered pair, seconds")
    definition: Literal["door_to_door", "in_vehicle"] = Field(
        "door_to_door", description="definition of travel time that counts; both are reported"
    )
    rail: bool = Field(True, description="read railways and train services")
    ferries: bool = Field(True, description="read ferries")
    road_classes: Names = Field(
        ("motorway", "trunk", "primary", "secondary", "tertiary"),
        description="classes of road to read, links included",
    )


Rule = Literal["scheduled", "turn_up"]


class Access(Section):
    """What a trip takes outside roads and trains. What is not set is taken from the table of the country."""

    check_in_hsr_s: AccessSeconds = Field(
        None, description="arrival at the station before a high-speed or intercity train leaves, seconds"
    )
    check_in_conv_s: AccessSeconds = Field(None, description="the same before a conventional train, seconds")
    waiting_hsr: Rule | None = Field(
        None,
        description="wait before a high-speed or intercity train: scheduled (passengers have chosen it: "
        "schedule_weight x half the headway) or turn_up (half the headway)",
    )
    waiting_conv: Rule | None = Field(None, description="the same before a conventional train")
    schedule_weight: Share | None = Field(
        None, description="share of half the headway that counts before scheduled trains, 0 to 1"
    )
    wait_cap_s: Whole | None = Field(
        None, le=86_400, description="largest wait, before the first train and at a change, seconds"
    )
    alight_s: AccessSeconds = Field(None, description="from the train to the front of the station, seconds")
    transfer_s: AccessSeconds = Field(
        None, description="from train to train at a station, without the wait, seconds"
    )
    centre_station_km: float | None = Field(
        None,
        gt=0,
        le=100,
        description="largest distance from a centre to a station that is reached in the seconds below, km",
    )
    centre_station_core_s: AccessSeconds = Field(
        None, description="from the centre of a core city to such a station, seconds"
    )
    centre_station_secondary_s: AccessSeconds = Field(
        None, description="the same in a secondary city, seconds"
    )
    centre_station_small_s: AccessSeconds = Field(None, description="the same in a small city, seconds")
    terminal_core_s: AccessSeconds = Field(
        None, description="from the centre of a core city to its roads, parking included, seconds"
    )
    terminal_secondary_s: AccessSeconds = Field(None, description="the same in a secondary city, seconds")
    terminal_small_s: AccessSeconds = Field(None, description="the same in a small city, seconds")


class Candidates(Section):
    """What may be built, and the rules by which it is proposed."""

    kinds: Names = Field(
        (),
        description="kinds to propose, of road_upgrade, expressway_upgrade, road_link, gap, rail_link, "
        "rail_upgrade, rail_service, rail_frequency, check_in, timed_transfer, extra_stop, access, "
        "express_service, station, connecting_curve, direct_expressway, rail_direct; empty: all",
    )
    nearest: Whole = Field(
        3, description="number of nearest cities that each city is joined to, besides its Gabriel neighbours"
    )
    angle_deg: float = Field(
        45.0, ge=0, le=180, description="a link may be dropped for another within this angle, degrees"
    )
    angle_detour: Stretch = Field(
        1.15,
        description="a link is dropped when the route through the other is at most this many times as long",
    )
    longest_km: Kilometres = Field(250.0, description="largest distance between neighbours, km")
    road_detour: Stretch = Field(
        1.35, description="a new road is proposed where today's route takes at least this many times as long"
    )
    road_least_gain: Share = Field(
        0.1,
        description="a new road saves at least this share of the best trip between its cities today, trains "
        "included, 0 to 1",
    )
    upgrade_least_gain: Share = Field(
        0.05, description="an upgraded road saves at least this share of today's drive between its cities"
    )
    road_town_km: float = Field(
        8.0, ge=0, le=100, description="a town reaches at least this far from its centre, km"
    )
    road_most_in_towns: Share = Field(
        0.5, description="a road with a greater share within towns is not proposed; 1: all are"
    )
    road_beside_km: float = Field(
        5.0, ge=0, le=100, description="a road within this distance of an expressway runs beside it, km"
    )
    road_most_beside: Share = Field(
        0.5, description="a road with a greater share beside one expressway is not proposed; 1: all are"
    )
    road_longest_km: Kilometres = Field(160.0, description="longest new road, straight line, km")
    longest_water_km: float = Field(
        20.0,
        ge=0,
        le=40_000,
        description="a new road or railway whose longest unbroken crossing of sea or lake has more km is not "
        "proposed, those that close a ring included",
    )
    road_kmh: float | None = Field(
        None,
        ge=5,
        le=160,
        description="design speed of new and upgraded expressways, km/h; they are driven at the average "
        "speed of existing ones with this limit; not set: that of the country (docs/countries.md)",
    )
    rail_time_ratio: PositiveShare = Field(
        0.75, description="a rail link is proposed when the train takes at most this share of today's time"
    )
    gap_count: Whole = Field(15, description="largest number of gaps between expressways to propose")
    service_count: Whole = Field(24, description="largest number of through-services to propose")
    express_count: Whole = Field(60, description="largest number of express trains to propose")
    access_count: Whole = Field(40, description="largest number of ways from centres to stations to propose")
    slack_s: Whole = Field(
        0,
        le=86_400,
        description="candidates are proposed as if trips this much longer than the limit were within it, for "
        "studies in which trips get faster, seconds",
    )
    file: str = Field("", description="candidates of your own (GeoJSON, GeoPackage or CSV)")
    fixed_in: Names = Field((), description="ids of candidates that must be built")
    fixed_out: Names = Field((), description="ids of candidates that must not be built")


TrainsADay = Annotated[int | None, Field(ge=0, le=10_000)]


class Capacity(Section):
    """How many trains a section of today's line carries. What is not set is taken from the table."""

    enabled: bool = Field(
        True,
        description="limit the trains of candidates to the room that today's trains leave on today's tracks",
    )
    level: Literal["low", "central", "high"] = Field(
        "central", description="low, central or high estimate of the table"
    )
    hsr350: TrainsADay = Field(
        None,
        description="passenger trains a day and direction on a section for 275 km/h or more (two tracks; "
        "table: 144, 180, 216)",
    )
    hsr250: TrainsADay = Field(None, description="for 220 to 274 km/h (two tracks; table: 115, 144, 172)")
    intercity200: TrainsADay = Field(
        None, description="for 180 to 219 km/h (two tracks; table: 96, 120, 144)"
    )
    conv160: TrainsADay = Field(
        None, description="for 140 to 179 km/h, freight beside it (two tracks; table: 41, 68, 92)"
    )
    conv120: TrainsADay = Field(None, description="for less, freight beside it (one track; table: 7, 12, 16)")


class Costs(Section):
    """What a kilometre costs."""

    level: Literal["low", "central", "high"] = Field(
        "central", description="low, central or high estimate of each unit cost"
    )
    table: str = Field("", description="cost table of your own (TOML); empty: the package's for the country")
    terrain: str = Field("", description="raster of heights (DEM); empty: the region's outline, else plain")


class Objective(Section):
    """What a plan maximises."""

    kind: Literal["coverage", "max_min"] = Field(
        "coverage",
        description="coverage: the most weight of pairs within the limit; max_min: first the share of the "
        "worst tier as high as it goes, then that of the next, then coverage",
    )
    weight: Literal["sqrt_population", "population", "equal", "file"] = Field(
        "sqrt_population", description="weight of a pair, from its smaller city: square root, plain, or 1"
    )
    weights_file: str = Field("", description="CSV with origin, destination, weight, for weight = 'file'")
    core: Whole = Field(1, description="factor on pairs of two core cities")
    secondary: Whole = Field(1, description="factor on pairs whose smaller city is secondary")
    small: Whole = Field(1, description="factor on pairs with a small city")

    @model_validator(mode="after")
    def _names_its_file(self) -> Objective:
        if (self.weight == "file") != bool(self.weights_file):
            raise ValueError("weight = 'file' and weights_file go together")
        return self


class Budget(Section):
    """How much may be spent."""

    share: Share | None = Field(
        None, description="share of the cost of all candidates, 0 to 1; 0.1 where no budget is given"
    )
    amount: Whole | None = Field(None, description="budget in the money of the costs (million CNY in China)")
    unlimited: bool = Field(False, description="no budget: reach what cover names at least cost")
    cover: Literal["all", "targets"] = Field(
        "all", description="with unlimited: every pair that can be covered, or the least shares alone"
    )

    @model_validator(mode="after")
    def _is_of_one_kind(self) -> Budget:
        given = [self.share is not None, self.amount is not None, self.unlimited]
        if sum(given) > 1:
            raise ValueError("give at most one of share, amount and unlimited")
        return self


class Least(Section):
    """What must be covered at least in each tier of the smaller city, as a share of what can be covered."""

    core: Share = Field(
        0.0, description="least share of the weight of coverable pairs of core cities, 0 to 1"
    )
    secondary: Share = Field(0.0, description="the same for pairs whose smaller city is secondary")
    small: Share = Field(0.0, description="the same for pairs with a small city")


class CityCoverage(Section):
    """Cities that count as a whole: one is covered when enough of its pairs are within the limit."""

    weight: Whole = Field(
        0,
        description="a covered city counts this many times the root of its population; 0: cities do not "
        "count",
    )
    pairs: Literal["all", "cores"] = Field(
        "all", description="pairs of a city that count for it: all, or those with core cities"
    )
    share: PositiveShare = Field(
        1.0, description="share of these pairs that must be covered for the city, rounded up"
    )
    least_core: Share = Field(
        0.0, description="least share of the weight of coverable core cities that must be covered, 0 to 1"
    )
    least_secondary: Share = Field(0.0, description="the same for secondary cities")
    least_small: Share = Field(0.0, description="the same for small cities")


class Caps(Section):
    """How much of the budget may go to each instrument."""

    barrier: Share = Field(
        1.0,
        description="largest share of the budget for closing gaps, more frequent trains, and measures at "
        "stations (shorter check-in, timed connections, extra stops); 1: no cap",
    )
    infrastructure: Share = Field(1.0, description="the same for new and upgraded links, and for stations")
    subsidy: Share = Field(1.0, description="the same for trains that need running support")


class Phasing(Section):
    """When the budget comes, and how long building takes. Without names everything is built at once."""

    names: Names = Field((), description="the periods in order, such as 2026-30; empty: no periods")
    shares: Shares = Field(
        (), description="share of the budget that comes with each period, together 1; empty: equal shares"
    )
    years: Years = Field((), description=f"length of each period, years; empty: {USUAL_YEARS} each")
    after_years: Annotated[int, Field(ge=0, le=100)] = Field(
        10, description="years of use that count after the last period, in which no new money comes"
    )
    discount_rate: Share = Field(0.06, description="discount rate a year on what is covered later (assumed)")
    road_link_years: BuildingYears = Field(
        4, description="years to build a new road (assumed, as all of these)"
    )
    road_upgrade_years: BuildingYears = Field(3, description="years to upgrade a road")
    expressway_upgrade_years: BuildingYears = Field(3, description="years to rebuild an expressway")
    gap_years: BuildingYears = Field(2, description="years to close a gap between expressways")
    rail_link_years: BuildingYears = Field(5, description="years to build a railway")
    rail_upgrade_years: BuildingYears = Field(3, description="years to upgrade a railway")
    rail_service_years: BuildingYears = Field(1, description="years to start a through-service")
    rail_frequency_years: BuildingYears = Field(1, description="years to run trains more often")
    check_in_years: BuildingYears = Field(1, description="years to shorten check-in at a station")
    timed_transfer_years: BuildingYears = Field(1, description="years to time the connections of a station")
    extra_stop_years: BuildingYears = Field(1, description="years until passing trains stop at a station")
    access_years: BuildingYears = Field(3, description="years to build a faster way to a station")
    express_service_years: BuildingYears = Field(1, description="years to start an express train")
    station_years: BuildingYears = Field(3, description="years to build a station on a passing line")
    connecting_curve_years: BuildingYears = Field(3, description="years to join two railway lines")
    direct_expressway_years: BuildingYears = Field(5, description="years to build a direct expressway")
    rail_direct_years: BuildingYears = Field(6, description="years to build a direct high-speed line")
    other_years: BuildingYears = Field(4, description="years to build a candidate of another kind")

    @model_validator(mode="after")
    def _fits_together(self) -> Phasing:
        faults = list(self._faults())
        if faults:
            raise ValueError("; ".join(faults))
        return self

    def _faults(self) -> Iterator[str]:
        for key in ("shares", "years"):
            given = len(getattr(self, key))
            if given and given != len(self.names):
                yield f"{key} has {given} values for {len(self.names)} names"
        repeated = sorted({name for name in self.names if self.names.count(name) > 1})
        if repeated:
            yield f"names: {', '.join(repeated)} is given twice"
        total = sum(self.exact_shares)
        if self.shares and total != 1:
            yield f"shares sum to {float(total):g}, not to 1"

    @property
    def exact_shares(self) -> tuple[Fraction, ...]:
        """Return the share of each period exactly as it is written; equal ones where none is given."""
        if not self.shares:
            return tuple(Fraction(1, len(self.names)) for _ in self.names)
        return tuple(Fraction(repr(share)) for share in self.shares)

    @property
    def lengths(self) -> tuple[int, ...]:
        """Return the length of each period in years."""
        return self.years or (USUAL_YEARS,) * len(self.names)


class Solve(Section):
    """How to solve, for how long, how exactly."""

    variant: str = Field("auto", description="how to solve; `polyring list` names the variants")
    solver: str = Field("auto", description="solver of the variants that have a choice")
    gap: Share = Field(0.001, description="relative gap to prove; exit code 10 where it is open")
    time_limit_s: Limit = Field(600.0, description="limit on solving, seconds")
    threads: Threads = Field(0, description="threads of the solver; 0: as many as cores")
    seed: Seed = Field(1, description="seed of everything random")
    memory_mb: Megabytes = Field(
        0, description="limit on the address space of the solver, MB; 0: none (not on Windows)"
    )


class Frontier(Section):
    """What `polyring frontier` weighs, how finely, and for how long. Nothing here changes `polyring run`."""

    axes: Literal["two_way", "three_way"] = Field(
        "two_way",
        description="two_way: cost against the objective; three_way: cost against the coverage of two tiers",
    )
    tiers: Names = Field(
        ("secondary", "small"), description="the two tiers of a three-way frontier, by the smaller city"
    )
    points: Whole = Field(
        40, le=100_000, description="number of points, ends included; 0: all non-dominated ones"
    )
    placing: Literal["widest", "even"] = Field(
        "widest", description="widest: where the proven band is widest; even: on a grid of equal steps"
    )
    gap: Share = Field(
        0.0, description="relative gap of each point; 0: exact, so that no plan dominates a point"
    )
    time_limit_s: Limit = Field(60.0, description="limit on each point, seconds")
    total_s: Limit = Field(1200.0, description="limit on all points, seconds")


class Closures(Section):
    """What `polyring closures` closes, and what the plan keeps then. Nothing here changes `polyring run`."""

    share: PositiveShare = Field(0.9, description="share that is kept when any one of them is closed")
    counted: Literal["gain", "coverage"] = Field(
        "gain",
        description="gain: a share of what the plan adds to today, under the same closure; coverage: a share "
        "of all that it covers",
    )
    of: tuple[Literal["links", "sections", "expressways"], ...] = Field(
        ("links", "sections", "expressways"),
        strict=False,
        description="links: any link of the plan; sections: sections of today's line, with all trains that "
        "run over them; expressways: stretches of today's expressways",
    )
    most: Whole = Field(
        8,
        le=1000,
        description="sections with the most trains, and stretches of the most pairs, so many of each",
    )
    gap: Share = Field(0.005, description="relative gap at which to stop")
    time_limit_s: Limit = Field(600.0, description="limit of all rounds, seconds")
    cost: bool = Field(
        False, description="ask as well what it costs to keep that share of the coverage of the job's plan"
    )


class Steps(Section):
    """Whether a pair counts in steps, so that a minute beyond the limit is no cliff. Off without shares."""

    shares: Shares = Field(
        (), description="parts of the weight of a pair, together 1, such as [0.7, 0.2, 0.1]; empty: off"
    )
    later_s: Seconds = Field(
        (),
        description="seconds beyond the limit up to which each part counts, rising from 0, such as "
        "[0, 900, 1800]",
    )

    @model_validator(mode="after")
    def _fits_together(self) -> Steps:
        if len(self.shares) != len(self.later_s):
            raise ValueError(f"later_s has {len(self.later_s)} values for {len(self.shares)} shares")
        total = sum((Fraction(repr(share)) for share in self.shares), Fraction(0))
        if self.shares and total != 1:
            raise ValueError(f"shares sum to {float(total):g}, not to 1")
        if self.later_s and (self.later_s[0] != 0 or list(self.later_s) != sorted(set(self.later_s))):
            raise ValueError("later_s must rise from 0")
        if any(share == 0 for share in self.shares):
            raise ValueError("shares must be above 0")
        return self


class Independence(Section):
    """What it counts that a pair outside the core has a way without it. Off with weight 0."""

    @property
    def counts_pairs(self) -> bool:
        """Return whether pairs count in the objective for their independence."""
        return self.counts and self.weight > 0

    weight: float = Field(
        0.0,
        ge=0,
        le=100,
        description="what full independence of a pair counts, as a multiple of its weight within the limit; "
        "0: nothing",
    )
    counts: bool = Field(
        True,
        description="pairs count in the objective for their independence; false: it is measured, and says "
        "what rings are rewarded for, but no pair counts for it",
    )
    stretches: Annotated[tuple[Stretch, ...], Field(strict=False, min_length=1)] = Field(
        (1.0, 1.1, 1.25),
        description="a way without the core takes at most so many times today's fastest time by any way; "
        "each of these steps brings an equal part of the weight",
    )
    radius_km: Numbers = Field(
        (),
        description="radius round the centre of each core city, largest city first, within which there are "
        "no roads and nobody boards, leaves or changes trains, km; empty: by population",
    )
    tiers: Names = Field(
        ("core", "secondary", "small"), description="tiers of the smaller city of the pairs that count"
    )

    @model_validator(mode="after")
    def _is_consistent(self) -> Independence:
        if list(self.stretches) != sorted(set(self.stretches)):
            raise ValueError("stretches must rise")
        if any(km <= 0 for km in self.radius_km):
            raise ValueError("radius_km must be above 0")
        return self


CaseName = Literal[
    "roads 10 % slower", "roads 10 % faster", "trains 10 % slower", "trains 10 % faster",
    "check-in 15 min", "waits at most 15 min", "waits half as long again", "access 5 min faster",
    "access 10 min slower", "lines carry fewer trains", "lines carry more trains",
    "roads at high costs", "rail lines at high costs", "train services at high costs",
    "access and stations at high costs", "all at low costs", "all at high costs",
    "pairs weigh as people", "all pairs weigh the same", "demand less than the root",
    "limit 15 min shorter", "limit 15 min longer", "no cliff", "independence off", "no rings",
    "no discounting", "roads 25 % slower", "roads 25 % faster", "trains 40 % slower",
    "trains 60 % faster", "no trains",
]  # fmt: skip
"""Names of the plausible cases; `optimiser.studies.cases` says what each of them changes."""
CASES_ON: Mapping[str, tuple[CaseName, ...]] = {
    "roads": ("roads 10 % slower", "roads 10 % faster"),
    "rides": ("trains 10 % slower", "trains 10 % faster", "waits at most 15 min", "waits half as long again"),
    "stations": ("check-in 15 min", "access 5 min faster", "access 10 min slower"),
    "inferred roads": ("roads 25 % slower", "roads 25 % faster"),
    "assumed trains": ("trains 40 % slower", "trains 60 % faster", "no trains"),
}
"""Cases on what a screening infers and assumes, the last two kinds for screenings alone."""
UNCERTAIN = tuple(name for names in CASES_ON.values() for name in names)
"""All of them."""


class Cases(Section):
    """How sure each proposal is: plausible cases, which `polyring cases` solves after a run."""

    enabled: bool = Field(False, description="solve the cases in the run, after its page is written")
    only: Annotated[tuple[CaseName, ...], Field(strict=False)] = Field(
        (), description="names of the cases to solve, as cases.csv has them; empty: all that apply to the job"
    )
    gap: Share = Field(0.005, description="relative gap of each case")
    time_limit_s: Limit = Field(20.0, description="limit on solving each case, seconds")
    total_s: Limit = Field(120.0, description="limit on all cases; each gets a fair share of what is left")


class Robust(Section):
    """What `polyring robust` seeks: one plan for many scenarios. Nothing here changes `polyring run`."""

    kind: Literal["expected", "share", "max_min", "count", "regret"] = Field(
        "expected",
        description="expected: the largest expected weight; share: the same with a least share in every "
        "scenario; max_min: the largest share that every scenario can be given; count: weight of pairs "
        "covered in enough scenarios; regret: the smallest largest regret",
    )
    of: Literal["sweep", "cases"] = Field(
        "sweep",
        description="sweep: scenarios drawn as [sweep] says; cases: the plausible cases of the job that "
        "change times, limits, prices or lines",
    )
    scenarios: int = Field(
        20, ge=1, le=1000, description="number of scenarios; cases: at most so many, in their order"
    )
    afford: Literal["all", "expected", "base"] = Field(
        "all",
        description="all: the plan keeps the budget and caps of every scenario at its prices, and those of "
        "the job; expected: the mean budget at mean prices; base: those of the job alone",
    )
    share: Share = Field(
        0.5, description="with share: least share of each scenario's coverable weight; today's counts"
    )
    need: int = Field(
        0, ge=0, le=1000, description="with count: scenarios in which a pair must be covered; 0: all"
    )
    gap: Share = Field(0.01, description="relative gap of the robust plan")
    time_limit_s: Limit = Field(600.0, description="limit on the robust plan, seconds")
    compare: bool = Field(
        True, description="solve each scenario by itself as well, for regrets; always with regret"
    )
    compare_gap: Share = Field(0.005, description="relative gap of each scenario by itself")
    compare_time_limit_s: Limit = Field(60.0, description="limit on each scenario by itself, seconds")


class Certificate(Section):
    """How long a run tries to prove its bound in a form that anyone can check, after its page is written."""

    time_limit_s: float = Field(
        60.0,
        ge=0,
        le=10_000_000,
        description="limit on certifying the bound, seconds; 0: no certificate of it",
    )


class Reach(Section):
    """What shares of all pairs cost, whatever the budget. Nothing here changes what is built."""

    shares: Shares = Field(
        (), description="shares of all pairs, such as [0.8, 0.9, 1.0]; empty: nothing is asked"
    )
    tiers: bool = Field(True, description="ask for these shares of the pairs of each tier as well")
    gap: Share = Field(0.01, description="relative gap of each least cost")
    time_limit_s: Limit = Field(60.0, description="limit on each question, seconds")


class Backcast(Section):
    """What `polyring backcast` compares with what was built. Nothing here changes `polyring run`."""

    built: str = Field(
        "",
        description="roads and railways opened in past years (CSV, GeoJSON or GeoPackage); empty: the "
        "region's own",
    )
    near_km: Radius = Field(
        15.0, description="what was built is found by a proposal within this distance, km"
    )
    found_share: PositiveShare = Field(
        0.5, description="a corridor is found when this share of its length is"
    )
    shares: Shares = Field(
        (0.1, 0.25, 0.5, 1.0), description="shares of the money spent since that are given to all choices"
    )
    draws: Whole = Field(20, le=1000, description="number of random choices")

    @model_validator(mode="after")
    def _spends_money(self) -> Backcast:
        if not self.shares or list(self.shares) != sorted(set(self.shares)) or self.shares[0] == 0:
            raise ValueError("shares must rise from above 0")
        return self


class Measures(Section):
    """What the measures of a plan assume. Nothing here changes what is built."""

    core_km: Radius = Field(15.0, description="radius of the core round the centre of each core city, km")
    near_km: Radius = Field(
        10.0, description="a trip passes a city when it comes within this distance of its centre, km"
    )
    line_s: Positive | None = Field(
        None,
        description="mean travel time beyond which the people of a city count as poor in time, seconds; "
        "not set: T",
    )
    trips_per_person: float = Field(
        2.5,
        ge=0,
        le=1000,
        description="trips a year by each inhabitant to other cities, for the break-even value of "
        "time (2.5: rail trips per inhabitant of China in 2019, 3.57 bn for 1.41 bn)",
    )
    discount_rate: Share = Field(0.06, description="discount rate a year, for the break-even value of time")
    years: Annotated[int, Field(gt=0, le=200)] = Field(30, description="years over which time is saved")
    overrun_correlation: Share = Field(
        0.0, description="correlation of the cost overruns of two links: 0 independent, 1 in step"
    )


class Output(Section):
    """What a run leaves behind."""

    folder: str = Field(
        "", description="run folder, inside the job's folder; empty: polyring-runs/<job>; --out wins"
    )
    report: bool = Field(True, description="write report.html")
    picture: bool = Field(True, description="write plan.png")
