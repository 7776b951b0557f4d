"""Type the sections of a job: every key with its default and range; `meanings.toml` says what it means."""

import re
from collections.abc import Iterable
from datetime import date
from fractions import Fraction
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

import pydantic
from anyascii import anyascii
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator, model_validator

from optimiser.engine.search.task import DAY_S, STUDY_SHARE
from optimiser.problem.jsonfile import packaged


def _whole_money(given: object) -> object:
    """Return money such as 26e9 as a whole number."""
    if isinstance(given, float) and not given.is_integer():
        raise ValueError("give a whole number, in the money of the costs (million CNY in China)")
    return int(given) if isinstance(given, float) else given


Names = Annotated[
    tuple[str, ...], BeforeValidator(lambda one: (one,) if isinstance(one, str) else one), Field(strict=False)
]
Numbers = Annotated[tuple[float, ...], Field(strict=False)]
Share = Annotated[float, Field(ge=0, le=1)]
Whole = Annotated[int, Field(ge=0, lt=2**63)]
Money = Annotated[int, BeforeValidator(_whole_money), Field(ge=0, lt=2**63)]
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
MATRICES = (".csv", ".parquet", ".omx")
"""Endings of tables of travel times that take the place of a map."""
KEYS_BY_SUFFIX = {GRAPH_SUFFIX: "graph", ".zip": "gtfs", **dict.fromkeys(MATRICES, "matrix")}
"""Key of the section `region` for files that are no maps, by their endings: `.zip` is a timetable in GTFS."""

LEAST_LIMIT_S = 300
"""Time limits below this are taken for hours or minutes that lack their unit."""
USUAL_YEARS = 5
"""Years of a period where none are given: the length of a five-year plan."""


_MEANINGS = packaged("optimiser.job", "meanings.toml")


_CLOCK = re.compile(
    r"(?:(\d+(?:\.\d+)?)\s*h(?:ours?)?|(\d+)\s*:)?\s*(?:(\d+(?:\.\d+)?)\s*(?:min(?:utes?)?|m)?)?"
)


def clock_seconds(text: str) -> float:
    """Return the seconds of a time such as ``4h``, ``3h30``, ``3:30``, ``3.5 h``, ``210 min``, or 0."""
    found = _CLOCK.fullmatch(text.strip().lower())
    hours, clock, minutes = found.groups() if found else ("0", "0", "0")
    return 3600 * float(hours or clock or 0) + 60 * float(minutes or 0)


type Rules = Iterable[tuple[object, str]]
"""Whether each rule is broken, and the sentence that says so."""


class Section(BaseModel):
    """A section of a job: frozen, strict, without unknown keys, nan, infinity and null characters."""

    # The schema of a section is built when it is first used: after its fields have got their meanings.
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False, defer_build=True)

    @classmethod
    def __pydantic_init_subclass__(cls, **_: Any) -> None:  # noqa: ANN401 - arguments of the class, of which there are none
        """Give each key its meaning."""
        for key, meaning in _MEANINGS.get(cls.__name__, {}).items():
            cls.model_fields[key].description = meaning

    @field_validator("*", mode="before")
    @classmethod
    def _has_no_null(cls, value: object) -> object:
        """Refuse a character that ends a path where the system reads it."""
        if isinstance(value, str) and "\0" in value:
            raise ValueError("it holds a null character")
        return value

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if faults := [text for is_broken, text in self._rules() if is_broken]:
            raise ValueError("; ".join(faults))
        return self

    def _rules(self) -> Rules:
        """Return whether each rule on keys that do not go together is broken, with what the user is told."""
        return ()


class Region(Section):
    """Where: an embedded region, a file, a graph, an area to fetch, times, or the surroundings of a place."""

    name: str = ""
    file: str = ""
    graph: str = ""
    graph_speeds: Literal["table", "graph"] = "table"
    place: str = ""
    bbox: Numbers = ()
    polygon: str = ""
    overpass: str = ""
    nominatim: str = ""
    matrix: str = ""
    around: str = ""
    radius_km: float = Field(300.0, ge=20, le=1500)
    gtfs: str = ""
    gtfs_date: date | None = None
    gtfs_modes: GtfsModes = Field(("rail",), min_length=1)
    gtfs_hours: Numbers = ()
    country: str = ""
    margin_km: float = Field(50.0, ge=0, le=1000)
    as_of: date | None = None
    closed_borders: Names = tuple(packaged("networks", "data/borders.toml")["closed"])
    title: str = ""
    attribution: str = ""
    caution: str = ""

    def _rules(self) -> Rules:
        sources = ("name", "file", "graph", "place", "bbox", "polygon", "matrix", "around")
        given = [key for key in sources if getattr(self, key)]
        listed, hours = " and ".join(given) or "none", self.gtfs_hours
        west, south, east, north = self.bbox if len(self.bbox) == 4 else (0, 0, 0, 0)
        is_box = -180 <= west < east <= 180 and -90 <= south < north <= 90
        is_span = (
            len(hours) == 2 and all(0 <= hour <= 24 for hour in hours) and hours[0] % 24 != hours[1] % 24
        )
        chosen = self.gtfs_date or hours or self.gtfs_modes != ("rail",)
        return [
            (
                len(given) > 1 or not (given or self.gtfs),
                f"give exactly one of {', '.join(sources)}, or gtfs alone (given: {listed})",
            ),
            (
                self.bbox and not is_box,
                "bbox must be [west, south, east, north] in degrees, west < east, south < north",
            ),
            (self.gtfs and self.matrix, "gtfs and matrix do not go together: a matrix has no trains"),
            (
                chosen and not (self.gtfs or self.name),
                "gtfs_date, gtfs_modes and gtfs_hours choose from a timetable; give gtfs",
            ),
            (hours and not is_span, "gtfs_hours must be [from, to], two different hours from 0 to 24"),
        ]


class Cities(Section):
    """Which cities, and the tier of each one."""

    source: Literal["auto", "region", "csv", "geonames", "osm"] = "auto"
    list: str = "cities"
    file: str = ""
    least_population: Whole | None = None
    largest: Whole = Field(0, le=10_000)
    keep: Names = ()
    leave_out: Names = ()
    countries: Names = ()
    omx_in_order: bool = False
    tiers: Literal["auto", "population", "rank"] = "auto"
    core_above: Positive | None = None
    secondary_from: Positive | None = None
    snap_km: float = Field(10.0, gt=0, le=1000)

    def _rules(self) -> Rules:
        most = self.core_above
        return [
            (
                most is not None and (self.secondary_from or 0) > most,
                "secondary_from must not exceed core_above",
            ),
            (self.source == "csv" and not self.file, "source = 'csv' needs file"),
        ]


class Times(Section):
    """The time limit, and how the time of a trip is counted."""

    limit_s: Positive = 14_400
    limit: str = ""
    definition: Literal["door_to_door", "in_vehicle"] = "door_to_door"
    rail: bool = True
    ferries: bool = True
    road_classes: Names = ("motorway", "trunk", "primary", "secondary", "tertiary")

    @model_validator(mode="before")
    @classmethod
    def _in_seconds(cls, given: Any) -> Any:  # noqa: ANN401 - what a user wrote
        """Return the keys with a limit that is given as a text in seconds."""
        if not isinstance(given, dict) or "limit_s" in given:
            return given
        text = str(given.get("limit"))
        seconds = 0.0 if text.strip().isdecimal() else clock_seconds(text)
        is_whole = seconds and seconds == round(seconds)
        return {**given, "limit": "", "limit_s": round(seconds)} if is_whole else given

    def _rules(self) -> Rules:
        fault = f"{self.limit_s} seconds are below {LEAST_LIMIT_S}: write limit = '4h', '3h30' or '210 min'"
        return [(self.limit_s < LEAST_LIMIT_S, fault)]

    @field_validator("limit", mode="before")
    @classmethod
    def _is_time(cls, given: object) -> object:
        if given != "":
            raise ValueError("write a time such as '4h', '3h30' or '210 min', and no limit_s beside it")
        return given


AccessSpeed = Annotated[float | None, Field(ge=0, le=200)]
Rule = Literal["scheduled", "turn_up"]


class Access(Section):
    """What a trip takes outside roads and trains. What is not set is taken from the table of the country."""

    check_in_hsr_s: AccessSeconds = None
    check_in_conv_s: AccessSeconds = None
    waiting_hsr: Rule | None = None
    waiting_conv: Rule | None = None
    schedule_weight: Share | None = None
    wait_cap_s: Whole | None = Field(None, le=86_400)
    alight_s: AccessSeconds = None
    transfer_s: AccessSeconds = None
    centre_station_km: float | None = Field(None, gt=0, le=100)
    residents_a_km2: float | None = Field(None, ge=100, le=100_000)
    walk_kmh: float | None = Field(None, gt=0, le=200)
    bus_s: AccessSeconds = None
    bus_kmh: AccessSpeed = None
    taxi_s: AccessSeconds = None
    taxi_kmh: AccessSpeed = None
    metro_s: AccessSeconds = None
    metro_kmh: AccessSpeed = None
    centre_station_core_s: AccessSeconds = None
    centre_station_secondary_s: AccessSeconds = None
    centre_station_small_s: AccessSeconds = None
    terminal_core_s: AccessSeconds = None
    terminal_secondary_s: AccessSeconds = None
    terminal_small_s: AccessSeconds = None


class Candidates(Section):
    """What may be built, and the rules by which it is proposed."""

    kinds: Names = ()
    nearest: Whole = 3
    angle_deg: float = Field(45.0, ge=0, le=180)
    angle_detour: Stretch = 1.15
    longest_km: Kilometres = 250.0
    road_detour: Stretch = 1.35
    road_least_gain: Share = 0.1
    upgrade_least_gain: Share = 0.05
    road_town_km: float = Field(8.0, ge=0, le=100)
    road_most_in_towns: Share = 0.5
    road_beside_km: float = Field(5.0, ge=0, le=100)
    road_most_beside: Share = 0.5
    road_longest_km: Kilometres = 160.0
    longest_water_km: float = Field(20.0, ge=0, le=40_000)
    road_kmh: float | None = Field(None, ge=5, le=160)
    rail_time_ratio: PositiveShare = 0.75
    line_value: float = Field(1.0, ge=0, le=1000)
    least_load: Share = 0.25
    gap_count: Whole = 15
    service_count: Whole = 24
    express_count: Whole = 60
    access_count: Whole = 40
    check_in: Literal["region", "stations"] = "region"
    slack_s: Whole = Field(0, le=86_400)
    file: str = ""
    fixed_in: Names = ()
    fixed_out: Names = ()


TrainsADay = Annotated[int | None, Field(ge=0, le=10_000)]


class Capacity(Section):
    """How many trains a section of today's line carries. What is not set is taken from the table."""

    enabled: bool = True
    level: Literal["low", "central", "high"] = "central"
    hsr350: TrainsADay = None
    hsr250: TrainsADay = None
    intercity200: TrainsADay = None
    conv160: TrainsADay = None
    conv120: TrainsADay = None


class Costs(Section):
    """What a kilometre costs."""

    level: Literal["low", "central", "high"] = "central"
    table: str = ""
    terrain: str = ""

    @property
    def is_plain(self) -> bool:
        """Whether all ground is to be taken as plain."""
        return self.terrain == "plain"


class Objective(Section):
    """What a plan maximises."""

    kind: Literal["coverage", "accessibility", "max_min"] = "coverage"
    weight: Literal["sqrt_population", "population", "equal", "file"] = "sqrt_population"
    weights_file: str = ""
    core: Whole = 1
    secondary: Whole = 1
    small: Whole = 1

    def _rules(self) -> Rules:
        is_file = self.weight == "file"
        return [(is_file != bool(self.weights_file), "weight = 'file' and weights_file go together")]


class Budget(Section):
    """How much may be spent."""

    share: Share | None = None
    amount: Money | None = None
    unlimited: bool = False
    cover: Literal["all", "targets"] = "all"

    def _rules(self) -> Rules:
        given = [self.share is not None, self.amount is not None, self.unlimited]
        return [(sum(given) > 1, "give at most one of share, amount and unlimited")]

    @property
    def is_default(self) -> bool:
        """Return whether no budget is named: a share of the cost of all candidates is spent."""
        return self.share is None and self.amount is None and not self.unlimited


class Least(Section):
    """What must be covered at least in each tier of the smaller city, as a share of what can be covered."""

    core: Share = 0.0
    secondary: Share = 0.0
    small: Share = 0.0


class CityCoverage(Section):
    """Cities that count as a whole: one is covered when enough of its pairs are within the limit."""

    weight: Whole = 0
    pairs: Literal["all", "cores"] = "all"
    share: PositiveShare = 1.0
    least_core: Share = 0.0
    least_secondary: Share = 0.0
    least_small: Share = 0.0


class Caps(Section):
    """How much of the budget may go to each instrument."""

    barrier: Share = 1.0
    infrastructure: Share = 1.0
    subsidy: Share = 1.0


class _Phasing(Section):
    """When the budget comes, and how long building takes. Without names everything is built at once."""

    names: Names = ()
    shares: Shares = ()
    years: Years = ()
    after_years: Annotated[int, Field(ge=0, le=100)] = 10
    discount_rate: Share = 0.06
    other_years: BuildingYears = 4

    def _rules(self) -> Rules:
        count, total = len(self.names), sum(self.exact_shares)
        given = {key: len(getattr(self, key)) for key in ("shares", "years")}
        repeated = sorted({name for name in self.names if self.names.count(name) > 1})
        return [
            *((n and n != count, f"{key} has {n} values for {count} names") for key, n in given.items()),
            (repeated, f"names: {', '.join(repeated)} is given twice"),
            (self.shares and total != 1, f"shares sum to {float(total):g}, not to 1"),
        ]

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


if TYPE_CHECKING:
    Phasing = _Phasing
else:
    _kinds = packaged("optimiser.proposals", "data/kinds.toml").items()
    _years = {f"{kind}_years": (BuildingYears, row["years"]) for kind, row in _kinds}
    Phasing = pydantic.create_model("Phasing", __base__=_Phasing, __doc__=_Phasing.__doc__, **_years)


class Solve(Section):
    """How to solve, for how long, how exactly."""

    variant: str = "auto"
    solver: str = "auto"
    gap: Share = 0.001
    effort: float = Field(1.0, gt=0, le=1_000_000)
    time_limit_s: Limit = DAY_S
    threads: Threads = 0
    seed: Seed = 1
    memory_mb: Megabytes = 0

    def of_study(self, **changes: Any) -> Self:  # noqa: ANN401 - values of fields
        """Return how each of the many questions of a study is solved."""
        return self.model_copy(update={"effort": STUDY_SHARE * self.effort, **changes})


class Frontier(Section):
    """What `polyring frontier` weighs, how finely, and for how long. Nothing here changes `polyring run`."""

    axes: Literal["two_way", "three_way"] = "two_way"
    tiers: Names = ("secondary", "small")
    points: Whole = Field(40, le=100_000)
    placing: Literal["widest", "even"] = "widest"
    gap: Share = 0.0
    time_limit_s: Limit = DAY_S
    total_s: Limit = DAY_S


class Closures(Section):
    """What `polyring closures` closes, and what the plan keeps then. Nothing here changes `polyring run`."""

    share: PositiveShare = 0.9
    counted: Literal["gain", "coverage"] = "gain"
    of: tuple[Literal["links", "sections", "expressways"], ...] = Field(
        ("links", "sections", "expressways"), strict=False
    )
    most: Whole = Field(8, le=1000)
    gap: Share = 0.005
    time_limit_s: Limit = DAY_S
    cost: bool = False


class Steps(Section):
    """Whether a pair counts in steps, so that a minute beyond the limit is no cliff. Off without shares."""

    shares: Shares = ()
    later_s: Seconds = ()

    def _rules(self) -> Rules:
        shares, later = self.shares, list(self.later_s)
        total = sum((Fraction(repr(share)) for share in shares), Fraction(0))
        return [
            (len(shares) != len(later), f"later_s has {len(later)} values for {len(shares)} shares"),
            (shares and total != 1, f"shares sum to {float(total):g}, not to 1"),
            (later and (later[0] != 0 or later != sorted(set(later))), "later_s must rise from 0"),
            (0 in shares, "shares must be above 0"),
        ]


class Independence(Section):
    """What it counts that a pair outside the core has a way without it. Off with weight 0."""

    @property
    def counts_pairs(self) -> bool:
        """Return whether pairs count in the objective for their independence."""
        return self.counts and self.weight > 0

    weight: float = Field(0.0, ge=0, le=100)
    counts: bool = True
    stretches: Annotated[tuple[Stretch, ...], Field(strict=False, min_length=1)] = (1.0, 1.1, 1.25)
    radius_km: Numbers = ()
    tiers: Names = ("core", "secondary", "small")
    congested_kmh: float = Field(25.0, gt=0, le=130)

    def _rules(self) -> Rules:
        return [
            (list(self.stretches) != sorted(set(self.stretches)), "stretches must rise"),
            (any(km <= 0 for km in self.radius_km), "radius_km must be above 0"),
        ]


CASES: list[dict[str, Any]] = packaged("optimiser.job", "cases.toml")["case"]
"""The plausible cases, one a row."""
if TYPE_CHECKING:
    CaseName = str
else:
    CaseName = Literal[tuple(row["name"] for row in CASES)]
CASES_ON = {
    kind: tuple(row["name"] for row in CASES if row.get("on") == kind)
    for kind in ("roads", "rides", "stations", "inferred roads", "assumed trains")
}
"""Cases on what a screening infers and assumes, the last two kinds for screenings alone."""
UNCERTAIN = tuple(name for names in CASES_ON.values() for name in names)
"""All of them."""


class Cases(Section):
    """How sure each proposal is: plausible cases, which `polyring cases` solves after a run."""

    enabled: bool = False
    only: Annotated[tuple[CaseName, ...], Field(strict=False)] = ()
    draws: Annotated[int, Field(ge=0, le=1000)] = 24
    robust_money: PositiveShare = 0.7
    gap: Share = 0.005
    time_limit_s: Limit = DAY_S
    total_s: Limit = DAY_S


class Robust(Section):
    """What `polyring robust` seeks: one plan for many scenarios. Nothing here changes `polyring run`."""

    kind: Literal["expected", "share", "max_min", "count", "regret"] = "expected"
    of: Literal["sweep", "cases"] = "sweep"
    scenarios: int = Field(20, ge=1, le=1000)
    afford: Literal["all", "expected", "base"] = "all"
    share: Share = 0.5
    need: int = Field(0, ge=0, le=1000)
    gap: Share = 0.01
    time_limit_s: Limit = DAY_S
    compare: bool = True
    compare_gap: Share = 0.005
    compare_time_limit_s: Limit = DAY_S


class Certificate(Section):
    """How long a run tries to prove its bound in a form that anyone can check, after its page is written."""

    time_limit_s: float = Field(DAY_S, ge=0, le=10_000_000)


AS_CHOSEN = "as chosen"
"""Rings that the plan decides on as that of the job does; name of that plan among its alternatives."""
RING_WORDS = (AS_CHOSEN, "none", "best", "all")
"""What an alternative may ask of rings without naming any."""


def slug(text: str) -> str:
    """Return a text as a name of a folder: small letters, digits and hyphens."""
    return re.sub("[^a-z0-9]+", "-", anyascii(text).lower()).strip("-")


class Alternative(Section):
    """What else is asked of the same candidates, beside the plan; write one [[alternatives]] for each."""

    name: str = Field(min_length=1, max_length=60)
    budgets: Annotated[tuple[Annotated[float, Field(ge=0, le=100)], ...], Field(strict=False)] = ()
    amounts: Annotated[tuple[Money, ...], Field(strict=False)] = ()
    shares: Annotated[tuple[PositiveShare, ...], Field(strict=False)] = ()
    of: Literal["all", "core", "secondary", "small"] = "all"
    rings: Names = (AS_CHOSEN,)
    prices: Literal["low", "central", "high"] | None = None
    fixed_in: Names = ()
    fixed_out: Names = ()
    gap: Share | None = None
    time_limit_s: Limit = DAY_S

    def _rules(self) -> Rules:
        money, both = self.budgets or self.amounts, sorted({*self.fixed_in} & {*self.fixed_out})
        return [
            (self.shares and money, "shares ask for the least cost; leave out budgets and amounts"),
            (self.of != "all" and not self.shares, "of says whose shares are asked for; give shares"),
            (self.shares and "best" in self.rings, "the best ring is that of a budget; name rings by ids"),
            (len(self.rings) > 1 and {*RING_WORDS} & {*self.rings}, "rings is one word, or ids"),
            (not slug(self.name), "name holds neither a letter nor a digit"),
            (both, f"fixed_in and fixed_out both name {', '.join(both)}"),
        ]


class Backcast(Section):
    """What `polyring backcast` compares with what was built. Nothing here changes `polyring run`."""

    built: str = ""
    near_km: Radius = 15.0
    found_share: PositiveShare = 0.5
    shares: Shares = (0.1, 0.25, 0.5, 1.0)
    draws: Whole = Field(20, le=1000)

    def _rules(self) -> Rules:
        shares = list(self.shares)
        is_rising = shares and shares == sorted(set(shares)) and shares[0] > 0
        return [(not is_rising, "shares must rise from above 0")]


class Measures(Section):
    """What measures of a plan assume. Nothing here changes what is built, derived rewards of rings aside."""

    core_km: Radius = 15.0
    near_km: Radius = 10.0
    line_s: Positive | None = None
    decay_s: Positive = 3600
    trips_per_person: float = Field(2.5, ge=0, le=1000)
    discount_rate: Share = 0.06
    years: Annotated[int, Field(gt=0, le=200)] = 30
    overrun_correlation: Share = 0.0
    places: str = ""
    known_rings: str = ""


class Output(Section):
    """What a run leaves behind."""

    folder: str = ""
    report: bool = True
    picture: bool = True


DERIVED = "derived"
"""Reward of a ring that is computed from what it brings (docs/rings.md)."""


class Rings(Section):
    """A ring that a plan must form or is rewarded for, or a web of rings; one [[rings]] section for each."""

    id: str = Field("ring", min_length=1)
    web: bool = False
    mode: Literal["road", "rail"] = "road"
    classes: Names = ()
    speed_kmh: float | None = Field(None, gt=0, le=500)
    centres: Names = ()
    radius_km: Numbers = ()
    least_cities: Whole = 0
    tiers: Names = ("secondary", "small")
    least_by_tier: dict[str, Whole] = {}
    must: Names = ()
    longest_km: float = Field(0.0, ge=0, le=40_000)
    most_stretch: float = Field(1.15, ge=0, le=100)
    on_minutes: float = Field(20.0, gt=0, le=240)
    required: bool = True
    reward: Whole | Literal["derived"] = 0
    apart: Names = ()
    gap_count: Whole = 12
    gap_longest_km: float = Field(80.0, gt=0, le=5000)

    def _rules(self) -> Rules:
        band = self.radius_km
        cities = {"centres": self.centres, "must": self.must}
        tiers = ", ".join(self.tiers)
        demands = ("radius_km", "least_cities", "least_by_tier", "longest_km", "apart")
        return [
            (not self.web and not self.centres, "name the centres, or let cities propose rings: web = true"),
            *(
                (self.web and getattr(self, key), f"a web proposes {key} itself; leave it out, or web")
                for key in (*cities, *demands)
            ),
            (self.web and self.mode == "rail", "a web proposes roads alone"),
            (
                self.mode == "rail" and self.reward == DERIVED,
                "no train would run round a rail ring, so that it brings nobody anything; give a number",
            ),
            (
                band and not (len(band) == 2 and 0 <= band[0] < band[1]),
                "radius_km must be [least, most] with 0 <= least < most",
            ),
            *((len(set(names)) < len(names), f"{key} names a city twice") for key, names in cities.items()),
            (0 < self.most_stretch < 1, "most_stretch must be 1 or more, or 0 for any length"),
            *(
                (tier not in self.tiers, f"least_by_tier names '{tier}', which is not among tiers: {tiers}")
                for tier in self.least_by_tier
            ),
            (self.required and self.reward, "a required ring earns no reward; write required = false"),
            (not self.required and not self.reward, "a ring that is not required needs a reward above 0"),
        ]
