"""Type the sections of a job: every key with its unit, its default and its meaning."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

Names = Annotated[tuple[str, ...], Field(strict=False)]
Share = Annotated[float, Field(ge=0, le=1)]
Whole = Annotated[int, Field(ge=0, lt=2**63)]
Positive = Annotated[int, Field(gt=0, lt=2**63)]
Level = Literal["low", "central", "high"]


class Section(BaseModel):
    """A section of a job: frozen, strict, without unknown keys, without nan or infinity."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


class Region(Section):
    """Where: an embedded region, an OSM file, an area to fetch, or a table of travel times."""

    name: str = Field("", description="embedded region; `polyring list` names them")
    file: str = Field("", description="OSM extract: .osm.pbf, .osm, .osm.gz or .osm.bz2")
    place: str = Field("", description="place name to fetch from OpenStreetMap")
    bbox: Annotated[tuple[float, ...], Field(strict=False)] = Field(
        (), description="box to fetch: [west, south, east, north], degrees"
    )
    polygon: str = Field("", description="file with the polygon to fetch (GeoJSON or GeoPackage)")
    overpass: str = Field("", description="Overpass server to fetch from; empty: the public one")
    matrix: str = Field(
        "", description="table of travel times, in place of a network: CSV or Parquet, seconds"
    )
    country: str = Field(
        "", description="ISO 3166 code for default speeds, such as CN; empty: the region's own"
    )
    margin_km: float = Field(50.0, ge=0, le=1000, description="margin to fetch beyond the area, km")
    as_of: date | None = Field(None, description="state of the network at this date; not set: today's")

    @model_validator(mode="after")
    def _one_source(self) -> Region:
        given = [key for key in ("name", "file", "place", "bbox", "polygon", "matrix") if getattr(self, key)]
        if len(given) != 1:
            said = " and ".join(given) if given else "none"
            raise ValueError(f"give exactly one of name, file, place, bbox, polygon, matrix (given: {said})")
        if self.bbox and not _is_box(self.bbox):
            raise ValueError("bbox must be [west, south, east, north] in degrees, west < east, south < north")
        return self


def _is_box(box: tuple[float, ...]) -> bool:
    if len(box) != 4:
        return False
    west, south, east, north = box
    return -180 <= west < east <= 180 and -90 <= south < north <= 90


class Cities(Section):
    """Which cities, and in which tier each one stands."""

    source: Literal["auto", "region", "csv", "geonames", "osm"] = Field(
        "auto",
        description="region: the region's own list; csv: a file; geonames; osm: place nodes with "
        "population; auto: csv where a file is given, else region where it has a name, else osm",
    )
    list: str = Field("cities", description="which list of an embedded region")
    file: str = Field("", description="CSV with id, name, lon, lat, population")
    least_population: Whole = Field(50_000, description="smaller places are left out (geonames, osm), people")
    core_above: Positive = Field(5_000_000, description="core tier: more built-up people than this")
    secondary_from: Positive = Field(500_000, description="secondary tier: from this number of people on")
    snap_km: float = Field(10.0, gt=0, le=1000, description="farthest way from a city to the network, km")

    @model_validator(mode="after")
    def _thresholds(self) -> Cities:
        if self.secondary_from > self.core_above:
            raise ValueError("secondary_from must not exceed core_above")
        if self.source == "csv" and not self.file:
            raise ValueError("source = 'csv' needs file")
        return self


class Times(Section):
    """The limit, and how a trip's time is counted."""

    limit_s: Positive = Field(14_400, description="limit T of a covered pair, seconds")
    definition: Literal["door_to_door", "in_vehicle"] = Field(
        "door_to_door", description="which time counts; both are reported"
    )
    rail: bool = Field(True, description="read railways and train services")
    ferries: bool = Field(True, description="read ferries")
    road_classes: Names = Field(
        ("motorway", "trunk", "primary", "secondary", "tertiary"),
        description="classes of road read, links included",
    )


class Candidates(Section):
    """What may be built, and by which rules it is proposed."""

    kinds: Names = Field(
        (),
        description="kinds proposed, of road_upgrade, road_link, gap, rail_link, rail_upgrade, rail_service, "
        "rail_frequency; empty: all",
    )
    nearest: Whole = Field(
        3, description="each city is joined to so many nearest ones, besides Gabriel neighbours"
    )
    angle_deg: float = Field(
        45.0, ge=0, le=180, description="a link may be dropped for another within this angle, degrees"
    )
    angle_detour: float = Field(
        1.15,
        ge=1,
        le=10,
        description="it is dropped when the way through the other is at most so much longer",
    )
    longest_km: float = Field(250.0, gt=0, le=5000, description="neighbours are at most this far apart, km")
    road_detour: float = Field(
        1.35, ge=1, le=10, description="a new road is proposed where today's way takes so many times its time"
    )
    road_longest_km: float = Field(160.0, gt=0, le=5000, description="longest new road, straight line, km")
    road_kmh: float = Field(100.0, ge=5, le=160, description="speed on new and upgraded expressways, km/h")
    rail_time_ratio: float = Field(
        0.75,
        gt=0,
        le=1,
        description="a rail link is proposed when the train takes at most this share of today",
    )
    gap_count: Whole = Field(15, description="gaps between expressways proposed at most")
    service_count: Whole = Field(24, description="through-services proposed at most")
    file: str = Field("", description="candidates of your own (GeoJSON, GeoPackage or CSV)")
    fixed_in: Names = Field((), description="ids of candidates that must be built")
    fixed_out: Names = Field((), description="ids of candidates that must not be built")


class Costs(Section):
    """What a kilometre costs."""

    level: Level = Field("central", description="low, central or high estimate of each unit cost")
    table: str = Field("", description="cost table of your own (TOML); empty: the package's for the country")
    terrain: str = Field("", description="raster of heights (DEM); empty: the region's outline, else plain")


class Objective(Section):
    """What a plan is worth."""

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
    def _file(self) -> Objective:
        if (self.weight == "file") != bool(self.weights_file):
            raise ValueError("weight = 'file' and weights_file go together")
        return self


class Budget(Section):
    """How much may be spent."""

    share: Share | None = Field(
        None, description="share of the cost of all candidates, 0 to 1; 0.1 where nothing else is said"
    )
    amount: Whole | None = Field(None, description="budget in the money of the costs (million CNY in China)")
    unlimited: bool = Field(False, description="no budget: reach what cover names at least cost")
    cover: Literal["all", "targets"] = Field(
        "all", description="with unlimited: every pair that can be covered, or the least shares alone"
    )

    @model_validator(mode="after")
    def _one_kind(self) -> Budget:
        given = [self.share is not None, self.amount is not None, self.unlimited]
        if sum(given) > 1:
            raise ValueError("give at most one of share, amount and unlimited")
        return self


class Solve(Section):
    """How to solve, for how long, how exactly."""

    variant: str = Field("auto", description="how to solve; `polyring list` names the variants")
    solver: str = Field("auto", description="solver of the variants that have a choice")
    gap: float = Field(0.001, ge=0, le=1, description="relative gap asked for; exit code 10 beyond it")
    time_limit_s: float = Field(600.0, gt=0, le=10_000_000, description="limit on solving, seconds")
    threads: Whole = Field(0, le=4096, description="threads of the solver; 0: as many as cores")
    seed: int = Field(1, ge=0, lt=2**31, description="seed of everything random")


class Output(Section):
    """What a run leaves behind."""

    folder: str = Field(
        "", description="run folder, inside the job's folder; empty: polyring-runs/<job>; --out wins"
    )
    report: bool = Field(True, description="write report.html")
    picture: bool = Field(True, description="write plan.png")
