"""Measure how much a region depends on its core, and how evenly importance and relations are spread."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from optimiser.engine.search.compiled import compiled
from optimiser.engine.search.paths import (
    LONGEST,
    UNREACHED,
    Floats,
    Graph,
    Integers,
    Mask,
    Whole,
    in_rows,
    times_from,
)
from optimiser.measures.equity import Numbers, TimedPairs
from optimiser.problem.errors import ProblemError

NO_AREA = -1
"""Area of a node that lies in none."""

ALL_OPEN = np.ones(1, dtype=np.bool_)
"""Mask of owners for a network in which every arc is open: each belongs to owner 0."""


class MarkedNetwork(NamedTuple):
    """A network in which the core and areas are marked; n nodes, m arcs.

    Attributes
    ----------
    tail, head, seconds
        int64 [m]; seconds >= 1.
    area
        int64 [n]: area of each node, `NO_AREA` outside all areas.
    is_core
        bool [n]: nodes of the core.
    crosses
        bool [m]: arcs that run through the core between their ends.
    """

    tail: Integers
    head: Integers
    seconds: Integers
    area: Integers
    is_core: Mask
    crosses: Mask


class CoreTimes(NamedTuple):
    """Times of K pairs with and without the core, in seconds, `UNREACHED` where no path exists.

    Attributes
    ----------
    best
        int64 [K]: shortest time.
    through
        int64 [K]: shortest time of the paths that pass the core.
    closed
        int64 [K]: shortest time of the paths that do not.
    ends
        bool [K]: the pair begins or ends in the core; `through` and `closed` are then `UNREACHED`.
    """

    best: Integers
    through: Integers
    closed: Integers
    ends: Mask

    @property
    def on_every(self) -> Mask:
        """Return which pairs pass the core on every shortest path, bool [K]."""
        joined: Mask = (self.best < UNREACHED) & ~self.ends & (self.closed > self.best)
        return joined

    @property
    def on_some(self) -> Mask:
        """Return which pairs pass the core on at least one shortest path, bool [K]."""
        joined: Mask = (self.best < UNREACHED) & ~self.ends & (self.through == self.best)
        return joined


@dataclass(frozen=True, slots=True)
class TripCounts:
    """Times with and without the core, and the trips through each area.

    Attributes
    ----------
    core
        Times with and without the core.
    through
        float64 [areas]: weight of the pairs whose shortest path passes an area that it neither begins nor
        ends in. Of several shortest paths one counts, chosen by the order of arcs.
    elsewhere
        float64 [areas]: weight of the joined pairs that neither begin nor end in an area.
    """

    core: CoreTimes
    through: Floats
    elsewhere: Floats


def count_trips(
    network: MarkedNetwork, origin: Integers, destination: Integers, weight: Integers, *, areas: int
) -> TripCounts:
    """Time pairs with and without the core, and count the areas that their shortest paths pass.

    Parameters
    ----------
    network
        The network.
    origin, destination
        int64 [K]: nodes.
    weight
        int64 [K].
    areas
        Number of areas.

    Raises
    ------
    ProblemError
        When path times could overflow the compiled code.

    Notes
    -----
    One shortest-path search per origin in a product graph of two layers: the lower layer is reached without
    the core, the upper one by way of it, and an arc into the core leads up. Ties are therefore exact: a
    shortest path avoids the core if and only if the time in the lower layer equals the shortest time, and one
    passes it if and only if the time in the upper layer does. The shortest path is followed back in the layer
    in which it ends.
    """
    n = len(network.area)
    net, reverse = _two_layers(network, n)
    best, through, closed = (np.full(len(origin), UNREACHED) for _ in range(3))
    passed, elsewhere = np.zeros(areas), np.zeros(areas)
    for start in np.unique(origin):
        ks = np.flatnonzero(origin == start)
        times, ends = times_from(net, ALL_OPEN, start, LONGEST), destination[ks]
        closed[ks], through[ks] = times[ends], times[ends + n]
        best[ks] = np.minimum(closed[ks], through[ks])
        _follow_back(reverse, times, network.area, start, ends, weight[ks], passed, elsewhere)
    touches = network.is_core[origin] | network.is_core[destination]
    through[touches], closed[touches] = UNREACHED, UNREACHED
    return TripCounts(CoreTimes(best, through, closed, touches), passed, elsewhere)


def _two_layers(network: MarkedNetwork, n: int) -> tuple[Graph, Graph]:
    """Return the two-layer graph and its reverse; node v of the upper layer is node v + n."""
    tail, head, seconds = network.tail, network.head, network.seconds
    if len(seconds) and int(seconds.max()) * 2 * n > LONGEST:
        raise ProblemError(f"paths may last longer than the {LONGEST} s that can be added up")
    leads_up = network.is_core[head] | network.crosses
    tails = np.concatenate([tail, tail + n])
    heads = np.concatenate([np.where(leads_up, head + n, head), head + n])
    both, owner = np.concatenate([seconds, seconds]), np.zeros(2 * len(seconds), dtype=np.int64)
    return in_rows(tails, heads, both, owner, nodes=2 * n), in_rows(heads, tails, both, owner, nodes=2 * n)


@compiled
def _follow_back(
    reverse: Graph,
    times: Integers,
    area: Integers,
    origin: Whole,
    ends: Integers,
    weight: Integers,
    passed: Floats,
    elsewhere: Floats,
) -> None:
    """Follow the shortest path back from each of `ends`, and add its weight to every area that it passes.

    `times` holds the seconds from the origin to the 2n nodes of both layers; `passed` and `elsewhere` are
    changed in place.
    """
    n = area.size
    # The pair that was last counted for each area: a path that enters an area twice counts once.
    counted = np.full(passed.size, -1)
    for k in range(ends.size):
        node = ends[k] if times[ends[k]] <= times[ends[k] + n] else ends[k] + n
        if times[node] == UNREACHED:
            continue
        first, last = area[origin], area[ends[k]]
        for a in range(elsewhere.size):
            if a not in (first, last):
                elsewhere[a] += weight[k]
        while node != origin:
            here = area[node % n]
            if here >= 0 and here not in (first, last) and counted[here] != k:
                counted[here] = k
                passed[here] += weight[k]
            # The arcs are positive, so the first arc whose times fit leads one step closer to the origin.
            for arc in range(reverse.start[node], reverse.start[node + 1]):
                before = reverse.head[arc]
                if times[before] < UNREACHED and times[before] + reverse.seconds[arc] == times[node]:
                    node = before
                    break


def core_dependence(times: CoreTimes, weights: Iterable[int]) -> dict[str, int]:
    """Sum up the times of pairs with and without the core.

    Parameters
    ----------
    times
        Times of K pairs.
    weights
        Weight of each pair.

    Returns
    -------
    dict
        `ends` and `apart`: weight of the pairs left out because they begin or end in the core, or because no
        path joins them; `weight`: that of the rest. Of these `on_every` and `on_some`: those that pass the
        core on every, or on some, shortest path; `cut_off` and `still_joined`: those that no path, or some
        path, joins once the core is closed. Sums of weight x seconds: `lost`, when the core is closed, over
        those still joined; `best` and `through`, by the shortest path, and by the shortest path through the
        core, over those that have the latter. The larger `through` over `best`, the less the region needs its
        core.
    """
    # Python integers in object arrays: products of weights and seconds may exceed 64 bits.
    weight = np.array(list(weights), dtype=object)
    counts = ~times.ends & (times.best < UNREACHED)
    joined, passing = counts & (times.closed < UNREACHED), counts & (times.through < UNREACHED)
    best, through, closed = (row.astype(object) for row in times[:3])
    sums = {
        "ends": weight[times.ends],
        "apart": weight[~times.ends & ~counts],
        "weight": weight[counts],
        "on_every": weight[times.on_every],
        "on_some": weight[times.on_some],
        "cut_off": weight[counts & ~joined],
        "lost": (weight * (closed - best))[joined],
        "still_joined": weight[joined],
        "best": (weight * best)[passing],
        "through": (weight * through)[passing],
    }
    return {name: sum(map(int, values)) for name, values in sums.items()}


LARGEST_PLACES = (2, 3, 4)
"""Numbers of largest places over which rank-size slopes are averaged."""


def ordinary_polycentricity(importance: Numbers) -> float:
    r"""Return the ordinary polycentricity of Green, from 0 to 1 (all places equally important).

    Parameters
    ----------
    importance
        Importance of each place, >= 0: people, jobs, or people in reach.

    Notes
    -----
    Green (2007), Functional polycentricity, Urban Studies 44, 2077-2103; used in this form by Burger and
    Meijers (2012), Form follows function?, Urban Studies 49, 1127-1149:

    .. math:: P = 1 - \sigma_{obs} / \sigma_{max}

    with the standard deviation of importance, and that of two places of which one has no importance and the
    other as much as the most important place. Both are population standard deviations, so that
    :math:`\sigma_{max}` is half the largest importance, and P is never below 0 (Popoviciu's inequality,
    1935).
    """
    value = np.asarray(importance, dtype=np.float64)
    return float(max(0.0, 1.0 - np.std(value) / (value.max() / 2)))


def primacy(importance: Numbers) -> float:
    """Return the share of the most important place in the importance of all places.

    Parameters
    ----------
    importance
        Importance of each place, >= 0.
    """
    value = np.asarray(importance, dtype=np.float64)
    return float(value.max() / value.sum())


def rank_size_slope(importance: Numbers, *, largest: int | None = None) -> float:
    r"""Return the slope of the rank-size line, at most 0; the flatter, the more polycentric.

    Parameters
    ----------
    importance
        Importance of each place; places without any are left out.
    largest
        Number of largest places that the line is fitted to; None: all.

    Notes
    -----
    Meijers and Burger (2010), Spatial structure and productivity in US metropolitan areas, Environment and
    Planning A 42, and Burger and Meijers (2012): the least-squares :math:`\beta` of

    .. math:: \ln \mathrm{size} = \alpha + \beta \ln \mathrm{rank}

    Zipf's law is -1. Places of equal size take consecutive ranks.
    """
    value = np.asarray(importance, dtype=np.float64)
    size = np.sort(value[value > 0])[::-1][:largest]
    ranks, sizes = np.log(np.arange(1, len(size) + 1)), np.log(size)
    spread = ranks - ranks.mean()
    return float(min(0.0, np.sum(spread * sizes) / np.sum(spread * spread)))


def mean_rank_size_slope(importance: Numbers) -> float:
    """Return the mean of the rank-size slopes of the two, three and four largest places.

    Parameters
    ----------
    importance
        Importance of each place; with fewer than four places only the shorter lines are averaged.

    Notes
    -----
    The slope depends on the number of places on the line, hence the mean over several numbers (Meijers and
    Burger 2010).
    """
    places = int(np.count_nonzero(np.asarray(importance, dtype=np.float64) > 0))
    slopes = [rank_size_slope(importance, largest=n) for n in LARGEST_PLACES if n <= max(places, 2)]
    return float(np.mean(slopes))


def functional_polycentricity(flows: ArrayLike, *, most: float) -> float:
    r"""Return the special functional polycentricity of Green, 0 to 1.

    Parameters
    ----------
    flows
        [P x P]: relation from each place (row) to each other, >= 0; the diagonal is ignored. The degree of a
        place sums its relations in both directions.
    most
        Sum of all relations that could exist, > 0: the density is the sum of `flows` divided by it.

    Returns
    -------
    float
        0 when there is no relation, or when a single place has all of them.

    Notes
    -----
    Green (2007), Functional polycentricity: a formal definition in terms of social network analysis, Urban
    Studies 44, 2077-2103:

    .. math:: P = (1 - \sigma_\partial / \sigma_{\partial max}) \Delta

    with the standard deviation of the degrees, that of a network of two places with degrees 0 and the largest
    degree found (half of it), and the density. Without the density a network with hardly any relations could
    count as polycentric.
    """
    table = np.array(flows, dtype=np.float64)
    np.fill_diagonal(table, 0.0)
    degrees = table.sum(axis=0) + table.sum(axis=1)
    if not np.any(degrees > 0):
        return 0.0
    return ordinary_polycentricity(degrees) * float(table.sum() / most)


def polycentricity_of_coverage(pairs: TimedPairs, places: int) -> float | None:
    """Return the functional polycentricity of the covered pairs, whose weights are the relations.

    Parameters
    ----------
    pairs
        Pairs with their times; pairs of a place with itself are no relations.
    places
        Number of places.

    Returns
    -------
    float or None
        The largest possible sum is the weight of all pairs. None where it is 0, or with fewer than two
        places.
    """
    apart = pairs.ends[:, 0] != pairs.ends[:, 1]
    covered, most = apart & pairs.within, sum(pairs.weights[apart].tolist())
    flows = np.zeros((places, places), dtype=np.int64)
    np.add.at(flows, tuple(pairs.ends[covered].T), pairs.weights[covered])
    return functional_polycentricity(flows, most=most) if places > 1 and most else None


def people_in_reach(ends: Integers, within: Mask, people: Integers) -> Integers:
    """Return the people within reach of each place, its own among them, each counted once; int64 [P].

    Parameters
    ----------
    ends
        int64 [K, 2]: two places per pair; a pair within its limit brings each end within reach of the other.
    within
        bool [K], whether each pair is within its limit.
    people
        int64 [P]: people of each place.
    """
    reached = np.eye(len(people), dtype=np.bool_)
    one, other = ends[within].T
    reached[one, other] = reached[other, one] = True
    found: Integers = reached @ people
    return found
