"""Tell which trains run: patterns of stops, through-running, trains a day."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from networks.regions.construction.facts import Corridor, Place, Through
from networks.regions.construction.rails import Layout
from networks.regions.construction.runs import Run, joined, overlapped, whole_run

EXPRESS_SHARE = 0.5
"""Share of a line's trains that call at large cities only, by assumption."""
LEAST_TRAINS_FOR_EXPRESS = 8.0
"""Lines with fewer trains a day have all of them call everywhere."""
THROUGH_SHARE = 1 / 3
"""Share of the thinner line's trains that run through where nobody counted, by assumption."""
PREFECTURES = (
    *("北京", "天津", "石家庄", "唐山", "秦皇岛", "邯郸", "邢台"),
    *("保定", "张家口", "承德", "沧州", "廊坊", "衡水"),
)
"""The municipalities and prefecture-level cities of the region."""


@dataclass(frozen=True, kw_only=True)
class Service:
    """Trains with one pattern of stops.

    Parameters
    ----------
    run
        Where they run.
    calls
        Whether they call, by station of the run.
    pattern
        ``local``, ``express`` or ``through``.
    trains_a_day
        Trains a day and direction.
    source
        Where that number comes from.
    """

    run: Run
    calls: tuple[bool, ...]
    pattern: str
    trains_a_day: float
    source: str


def is_large(place: Place) -> bool:
    """Tell whether a station bears the name of a municipality or prefecture-level city."""
    return any(
        place.name_zh.startswith(city) and not place.name_zh.startswith(f"{city}县") for city in PREFECTURES
    )


def of_line(line: Corridor, layout: Layout) -> list[Service]:
    """Return the patterns of one passenger line: local, and express where trains are many.

    Parameters
    ----------
    line
        The line.
    layout
        Where it runs.
    """
    if line.trains_a_day <= 0:
        return []
    run = whole_run(line, layout)
    every = (True,) * len(run.stops)
    few = express_calls(run)
    if line.trains_a_day < LEAST_TRAINS_FOR_EXPRESS or few == every:
        return [
            Service(
                run=run,
                calls=every,
                pattern="local",
                trains_a_day=line.trains_a_day,
                source=line.trains_source,
            )
        ]
    half = f"{line.trains_source}; half of the trains express by assumption (quality D)"
    fast, slow = EXPRESS_SHARE * line.trains_a_day, (1 - EXPRESS_SHARE) * line.trains_a_day
    return [
        Service(run=run, calls=every, pattern="local", trains_a_day=slow, source=half),
        Service(run=run, calls=few, pattern="express", trains_a_day=fast, source=half),
    ]


def express_calls(run: Run) -> tuple[bool, ...]:
    """Return where an express calls: at both ends and at large cities."""
    last = len(run.stops) - 1
    return tuple(at in {0, last} or is_large(place) for at, place in enumerate(run.stops))


def through(lines: Mapping[str, Corridor], runs: Sequence[Through], layout: Layout) -> list[Service]:
    """Return the services that run from one line onto another, and over three where both were counted.

    Parameters
    ----------
    lines
        The lines by id.
    runs
        The table of through-running.
    layout
        Where lines and curves run.
    """
    services = []
    for run in runs:
        run_on = joined(lines, run, layout)
        if run_on is not None:
            trains, source = _through_trains(lines, run)
            services.append(_service(run_on, trains, source))
    counted = [run for run in runs if run.trains_a_day is not None]
    for first, second in combinations(counted, 2):
        services.extend(_chained(lines, first, second, layout))
    return services


def _service(run: Run, trains: float, source: str) -> Service:
    """Return a through service with express stops."""
    return Service(run=run, calls=express_calls(run), pattern="through", trains_a_day=trains, source=source)


def _through_trains(lines: Mapping[str, Corridor], run: Through) -> tuple[float, str]:
    """Return the trains a day of a through run and their source."""
    if run.trains_a_day is not None:
        return run.trains_a_day, run.source
    least = min(lines[run.line_a].trains_a_day, lines[run.line_b].trains_a_day)
    return max(
        1.0, THROUGH_SHARE * least
    ), f"{run.source}; a third of the thinner line's trains by assumption (quality D)"


def _chained(
    lines: Mapping[str, Corridor], first: Through, second: Through, layout: Layout
) -> Iterator[Service]:
    """Yield the run over three lines that two counted runs make, if it passes through the middle one."""
    shared = {first.line_a, first.line_b} & {second.line_a, second.line_b}
    if len(shared) != 1:
        return
    middle = shared.pop()
    one, two = joined(lines, first, layout), joined(lines, second, layout)
    if one is None or two is None or not lines[middle].trains_a_day:
        return
    head = one if one.lines[-1] == middle else one.reversed()
    tail = two if two.lines[0] == middle else two.reversed()
    chain = overlapped(head, tail, middle)
    trains = (first.trains_a_day or 0) * (second.trains_a_day or 0) / lines[middle].trains_a_day
    if chain is not None and trains >= 1:
        source = "product of the two counts over the trains of the middle line by assumption (quality D)"
        yield _service(chain, trains, source)
