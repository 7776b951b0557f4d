"""Write the figures of all countries below the last heading of docs/countries.md."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from networks.countries import lineage, names
from networks.intermodal import AccessParameters
from networks.rail.parameters import RailParameters, read_rail_table
from networks.road.speeds import speed_table
from optimiser.proposals.costs import Rate, builtin_cost_table
from optimiser.proposals.standards import read_standards

PAGE = Path(__file__).resolve().parents[1] / "docs" / "countries.md"

HEADING = "## Figures by country\n"
ROADS = ("motorway", "trunk", "primary", "secondary", "tertiary")
ZONES = ("motorway", "trunk", "rural", "urban")
PRICED = ("expressway-4", "expressway-6", "rail-160", "rail-250", "hsr-350")
NONE = "–"


def page() -> str:
    """Return the page in Markdown: what stands before the heading, and the tables of each subject."""
    before = PAGE.read_text(encoding="utf-8").partition(HEADING)[0]
    return before + "\n".join([HEADING, *_sections()]).rstrip() + "\n"


def _sections() -> Iterator[str]:
    yield "Written by `python tools/countries_page.py` from the tables of the program; a test compares them."
    yield ""
    for title, words, columns, row in _TABLES:
        yield from (f"### {title}", words, "")
        yield from _table(("country", *columns), [(name, *row(code)) for code, name in names().items()])
    yield from _sources()


def _table(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> Iterator[str]:
    yield f"| {' | '.join(columns)} |"
    yield "|" + "---|" * len(columns)
    yield from (f"| {' | '.join(_cell(value) for value in row)} |" for row in rows)
    yield ""


def _cell(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _roads(code: str) -> tuple[object, ...]:
    table = speed_table(code)
    ratio = table.average_kmh("motorway", 120.0) / 120.0
    keys = [[f"{key}:{zone}" for key in lineage(code)[: 1 if code != "EU" else 2]] for zone in ZONES]
    limits = (next((round(table.zones[key]) for key in known if key in table.zones), NONE) for known in keys)
    return (*(table.speed_kmh[road] for road in ROADS), round(ratio, 3), table.factor["default"], *limits)


def _stations(code: str) -> tuple[object, ...]:
    one = AccessParameters.default(code)
    waits = (one.waiting_hsr.replace("_", " "), one.waiting_conv.replace("_", " "))
    by_tier = (
        f"{times.core}, {times.secondary}, {times.small}" for times in (one.centre_station, one.terminal)
    )
    return (one.check_in_hsr_s, one.check_in_conv_s, *waits, one.transfer_s, one.alight_s, *by_tier)


def _trains(code: str) -> tuple[object, ...]:
    one = RailParameters.default(code)
    running = one.running
    return (running.factor, running.stop_s, running.start_s, *(line.trains_a_day for line in one.classes))


def _standards(code: str) -> tuple[object, ...]:
    one = read_standards(code)
    return (
        one.road_kmh,
        f"{one.fast_kmh:g} ({one.fast_standard})",
        f"{one.usual_kmh:g} ({one.usual_standard})",
        one.upgrade_kmh,
    )


def _costs(code: str) -> tuple[object, ...]:
    table = builtin_cost_table(code)
    return (table.money, table.price_year, *(_range(table.rate(name, "plain")) for name in PRICED))


def _range(rate: Rate) -> str:
    """Return the low, central and high estimate of a rate, and its quality."""
    shown = (
        f"{value:.3g}" if value < 1000 else f"{value:,.0f}" for value in (rate.low, rate.central, rate.high)
    )
    return f"{', '.join(shown)} ({rate.quality})"


_TABLES = (
    (
        "Roads",
        "Averages without a tagged limit, average over tagged limit, and limits without a sign; km/h.",
        (*ROADS, "ratio, motorways", "ratio, others", *(f"limit: {zone}" for zone in ZONES)),
        _roads,
    ),
    (
        "Stations",
        "Seconds; those of the last two columns in core, secondary and small cities.",
        (
            "check-in, fast",
            "check-in, other",
            "wait, fast",
            "wait, other",
            "change",
            "alight",
            "to station",
            "to roads",
        ),
        _stations,
    ),
    (
        "Trains",
        "Running over design speed, seconds a stop and a ride, trains a day and direction where unknown.",
        ("ratio", "stop", "ride", *(line.name for line in RailParameters.default().classes)),
        _trains,
    ),
    (
        "Standards",
        "Design speeds of what is newly built, km/h, and the rows of the cost table.",
        ("expressways", "long railways", "short railways", "upgraded tracks"),
        _standards,
    ),
    (
        "Unit costs",
        "A km in the plain: low, central, high; A official or two sources, B one, C memory or inference.",
        ("money", "prices of", *PRICED),
        _costs,
    ),
)


def _sources() -> Iterator[str]:
    yield from ("### Sources", "Of what a country states itself; of costs those of the table above.", "")
    for code, name in names().items():
        yield f"* **{name}**"
        if speed_table(code).country == code:
            yield f"  * Roads: {speed_table(code).source}"
        if source := read_rail_table()["country"].get(code, {}).get("source"):
            yield f"  * Stations and trains: {source}"
        yield f"  * Standards: {read_standards(code).source}"
        for rate in _own_rates(code):
            yield f"  * `{rate.standard}`: {rate.basis} ({rate.source})"
    yield ""


def _own_rates(code: str) -> Iterator[Rate]:
    """Yield the rates in the plain that a country does not take from its group."""
    above = lineage(code)[1:]
    taken = builtin_cost_table(above[0]).rates.values() if above else ()
    known = {(rate.standard, rate.basis) for rate in taken}
    for standard in PRICED:
        rate = builtin_cost_table(code).rate(standard, "plain")
        if (rate.standard, rate.basis) not in known and "; million" not in rate.basis:
            yield rate


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
