"""Compare services made of GTFS feeds with the feeds themselves, and write a page of results.

Usage: python benchmarks/timetable.py FEED.zip [FEED.zip ...] [--pairs 200] [--seed 1] [--out FILE.md]

Direct rides: every train of the day between every two of its stations, against the time of its service; and
for every two stations with direct trains the fastest one and the mean of all. Connections: pairs of stations
without direct trains, drawn at random, against journeys that RAPTOR finds in the timetable (`raptor.py`).
Cities: times door to door against
their mean over the departures of the day (`departures.py`).
"""

import argparse
import random
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from pathlib import Path

import numpy as np
from departures import EVERY_S, FASTER, SLOWER, Departures
from departures import compare as compare_departures
from numpy.typing import NDArray
from raptor import ROUNDS, Journey, Timetable

from networks import gtfs
from networks.gtfs.patterns import Pattern, Train
from networks.intermodal import AccessParameters
from networks.skims import STEP_S, mean_times

OUT = Path(__file__).resolve().parent / "results" / "timetable.md"
ANYWHERE = "all stations"
BUSY = 32
"""Trains a day, both directions together, of stations that have one an hour."""
COLUMNS = (
    *("feed", "day", "trains", "services", "what", "compared", "median of amounts", "90th percentile"),
    *("median signed", "within 1 %", "within 5 %"),
)
HEAD = """# Timetables against services

Written by `benchmarks/timetable.py`; do not edit by hand. Errors in per cent of the time of the
timetable. A *ride* is one train between two of its stations, against the service that its pattern
became. *Fastest* and *mean* compare each two stations with direct trains in either direction.
*Connection*: {pairs} pairs of stations without direct trains, drawn at random (seed {seed}); the mean
time over the departures that the model takes, against that over the journeys with at most {changes}
changes that RAPTOR finds (Delling, Pajor and Werneck, Transportation Science 49, 2015;
`benchmarks/raptor.py`), another search in the same trains.
"""
CITIES = """
Times with trains, door to door, between the largest cities near stations: today's against the mean over
departures. Passengers wish to set out every ten minutes from 6 to 20 o'clock, and take the journey of the day
with the least of its length and what the wait until it counts (`benchmarks/departures.py`, any number of
changes; access, check-in, least time of a change and the rule for the first wait are the same in both).
"""
FASTER_TARGET, SLOWER_TARGET = 3.0, 10.0
"""Most pairs, per cent, that may be too fast and too slow."""
DIRECT_TARGET, CHANGE_TARGET = 1.0, 5.0
"""Errors asked for, per cent: direct rides, and connections, in the median."""


@dataclass(frozen=True)
class Comparison:
    """Errors of one feed, per cent of the times of the timetable.

    Attributes
    ----------
    rides
        Each train between each two of its stations, against its service.
    fastest, mean
        Each two stations with direct trains: fastest train, and mean of all trains of both directions.
    changes
        Sampled pairs without direct trains: mean times over the departures. Pairs are drawn from all
        stations, and from those with `BUSY` trains a day.
    """

    report: gtfs.TimetableReport
    rides: NDArray[np.float64]
    fastest: NDArray[np.float64]
    mean: NDArray[np.float64]
    changes: Mapping[str, NDArray[np.float64]]


def compare(path: Path, *, pairs: int, seed: int) -> Comparison:
    """Compare the services of a feed with its trains."""
    built = gtfs.build(gtfs.read_feed(path))
    rides = [error for pattern in built.patterns for error in _ride_errors(pattern)]
    found: Rides = defaultdict(list)
    for pattern in built.patterns:
        for a, b, seconds in _spans(_elapsed(pattern), len(pattern.stations)):
            _add(found, pattern.stations[a], pattern.stations[b], seconds, pattern.trains_a_day)
    in_feed, modelled = _direct_in_feed(built.patterns), found
    fastest = [
        _percent(min(s for s, _ in modelled[ends]), min(s for s, _ in own)) for ends, own in in_feed.items()
    ]
    mean = [_percent(_mean(modelled[ends]), _mean(own)) for ends, own in in_feed.items()]
    changes = {
        where: np.array(_change_errors(built, set(in_feed), pairs, seed, least))
        for where, least in ((ANYWHERE, 0), (f"stations with {BUSY} trains a day", BUSY))
    }
    return Comparison(built.report, np.array(rides), np.array(fastest), np.array(mean), changes)


def _percent(found: float, known: float) -> float:
    return 100.0 * (found / known - 1.0) if known else 0.0


def _mean(rides: Sequence[tuple[float, float]]) -> float:
    seconds, weights = zip(*rides, strict=True)
    return float(np.average(seconds, weights=weights))


def _spans(elapsed: NDArray[np.int64], count: int) -> Iterator[tuple[int, int, int]]:
    """Yield the positions of two stops and the seconds between them, from elapsed times."""
    departs, arrives = elapsed[::2], elapsed[1::2]
    for a, b in combinations(range(count), 2):
        yield a, b, int(arrives[b - 1] - departs[a])


def _elapsed(pattern: Pattern) -> NDArray[np.int64]:
    spans = [
        seconds
        for pair in zip(pattern.times.run_s, pattern.times.stop_s[1:], strict=True)
        for seconds in pair
    ]
    return np.concatenate([[0], np.cumsum(spans[:-1])])


def _ride_errors(pattern: Pattern) -> Iterator[float]:
    known = {(a, b): s for a, b, s in _spans(_elapsed(pattern), len(pattern.stations))}
    for trains, back in ((pattern.out, False), (pattern.back, True)):
        for train in trains:
            for a, b, seconds in _spans(train.elapsed_s(back=back), len(pattern.stations)):
                yield _percent(known[a, b], seconds)


type Rides = dict[tuple[int, int], list[tuple[float, float]]]
"""Seconds and trains a day of the direct rides between two stations, the smaller row first."""


def _direct_in_feed(patterns: Sequence[Pattern]) -> Rides:
    found: Rides = defaultdict(list)
    for pattern in patterns:
        for train in (*pattern.out, *pattern.back):
            for a, b, seconds in _spans(train.elapsed_s(), len(train.stations)):
                _add(found, train.stations[a], train.stations[b], seconds, 1.0)
    return found


def _add(found: Rides, a: int, b: int, seconds: float, trains: float) -> None:
    if a != b:
        found[min(a, b), max(a, b)].append((seconds, trains))


# ---- connections


def _change_errors(
    built: gtfs.GtfsBuild, direct: set[tuple[int, int]], pairs: int, seed: int, least_trains: int
) -> list[float]:
    """Return the errors of sampled pairs, the mean of both directions, against the journeys of RAPTOR."""
    usual = AccessParameters.default()
    # Journeys of RAPTOR do not tell by which kind of train they begin.
    access = replace(usual, check_in_conv_s=usual.check_in_hsr_s, waiting_conv=usual.waiting_hsr)
    trains: list[Train] = [train for p in built.patterns for train in (*p.out, *p.back)]
    timetable, services = Timetable.of(trains, transfer_s=access.transfer_s), built.rail.services
    served = sorted({station for pattern in built.patterns for station in pattern.stations})
    calls = Counter(station for train in trains for station in train.stations)
    choice = random.Random(seed)  # noqa: S311 - a sample
    busy = [station for station in served if calls[station] >= least_trains]
    drawn = (tuple(sorted(choice.sample(busy, 2))) for _ in range(3 * pairs))
    asked = [(a, b) for a, b in drawn if (a, b) not in direct]
    nodes = np.searchsorted(served, np.unique(asked))  # without a map these are all nodes there are
    modelled = mean_times(services, (np.arange(len(nodes)), nodes, np.zeros_like(nodes)), access).seconds
    found: list[float] = []
    for a, b in asked:
        ways = [timetable.journeys(start, [end])[end] for start, end in ((a, b), (b, a))]
        if len(found) < pairs and all(ways):
            known_s = sum(mean_s(own, services.window_s, access) for own in ways)
            row, column = np.searchsorted(np.unique(asked), (a, b))
            found.append(_percent(modelled[row, column] + modelled[column, row], known_s))
    return found


def mean_s(journeys: Sequence[Journey], window_s: tuple[int, int], access: AccessParameters) -> float:
    """Return the mean seconds from station to station over the departures of a window, by fast trains."""
    wished = np.arange(window_s[0], window_s[1] + 1, STEP_S)[:, None]
    leaves, arrives = np.array([(one.departs_s, one.arrives_s) for one in journeys]).T
    leaves = leaves - access.check_in_hsr_s
    wait_s = np.where(leaves < wished, np.inf, float(access.wait_share(is_fast=True)) * (leaves - wished))
    whole_s = np.minimum(wait_s, access.wait_cap_s) + arrives + access.alight_s - leaves
    return float(whole_s.min(axis=1).mean())


# ---- page


def page(compared: Sequence[Comparison], means: Sequence[Departures], *, pairs: int, seed: int) -> str:
    """Return the page of results, from the comparisons of each feed."""
    text = HEAD.format(pairs=pairs, seed=seed, changes=ROUNDS - 1)
    lines = [text, f"| {' | '.join(COLUMNS)} |", f"|{'---|' * len(COLUMNS)}"]
    for one in compared:
        shared = f"| {one.report.file} | {one.report.day} | {one.report.trips} | {one.report.patterns}"
        rows = {
            "ride": one.rides,
            "fastest direct train": one.fastest,
            "mean of direct trains": one.mean,
            **{f"connection, {what}": errors for what, errors in one.changes.items()},
        }
        lines += [f"{shared} | {what} | {_figures(errors)} |" for what, errors in rows.items()]
    met = "; ".join(
        f"{one.report.file}: direct rides {_met(np.median(np.abs(one.rides)), DIRECT_TARGET)}, connections "
        f"{_met(np.median(np.abs(one.changes[ANYWHERE])), CHANGE_TARGET)}"
        for one in compared
    )
    asked = f"direct rides within {DIRECT_TARGET:g} %, connections within {CHANGE_TARGET:g} % in the median"
    lines += ["", f"Targets: {asked}. {met}.", CITIES]
    for one, times in zip(compared, means, strict=True):
        lines.append(
            f"* {one.report.file}, {times.cities} cities of {times.country}: {_shares(times.errors)}."
        )
        lines.append(f"  With a journey every {EVERY_S // 3600} hours both ways: {_shares(times.regular)}.")
    return "\n".join(lines) + "\n"


def _met(found: float, target: float) -> str:
    return f"{found:.2f} % ({'met' if found <= target else 'missed'})"


def _shares(errors: NDArray[np.float64]) -> str:
    faster, slower = 100 * np.mean(errors < FASTER), 100 * np.mean(errors > SLOWER)
    return (
        f"of {len(errors):,} pairs {_met(faster, FASTER_TARGET)} are more than {-FASTER:g} % faster and"
        f" {_met(slower, SLOWER_TARGET)} more than {SLOWER:g} % slower; median {np.median(errors):+.1f} %"
    )


def _figures(errors: NDArray[np.float64]) -> str:
    amounts = np.abs(errors)
    cells = (
        f"{len(errors):,}",
        f"{np.median(amounts):.2f}",
        f"{np.quantile(amounts, 0.9):.2f}",
        f"{np.median(errors):+.2f}",
        f"{100 * np.mean(amounts <= DIRECT_TARGET):.1f} %",
        f"{100 * np.mean(amounts <= CHANGE_TARGET):.1f} %",
    )
    return " | ".join(cells)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the comparison; return 0 when the page is written, 2 when a feed is missing."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("feeds", type=Path, nargs="+")
    parser.add_argument("--pairs", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, default=OUT)
    options = parser.parse_args(arguments)
    missing = [path for path in options.feeds if not path.is_file()]
    if missing:
        print(f"There is no feed {missing[0]}; nothing was compared.", file=sys.stderr)
        return 2
    compared = [compare(path, pairs=options.pairs, seed=options.seed) for path in options.feeds]
    means = [compare_departures(gtfs.build(gtfs.read_feed(path))) for path in options.feeds]
    text = page(compared, means, pairs=options.pairs, seed=options.seed)
    options.out.write_text(text, encoding="utf-8")
    print(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
