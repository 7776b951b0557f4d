"""Contract a network without changing the travel time between any two of the nodes that are kept."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import ArrayLike, NDArray

from networks.errors import SchemaError
from networks.impedance import require_times
from networks.schema import CLOSED, LINKS, Floats, Ints, Mask, Network, table


@dataclass(frozen=True, slots=True)
class Runs:
    """Non-empty sequences of members in one flat array.

    Attributes
    ----------
    ptr
        int64 [n + 1]: run i is `member[ptr[i]:ptr[i + 1]]`.
    member
        int64: members of the runs, in order.
    flipped
        bool, as long as `member`: whether the member is traversed from its end to its start.
    """

    ptr: Ints
    member: Ints
    flipped: Mask

    @classmethod
    def single(cls, member: Ints, flipped: Mask | None = None) -> Runs:
        """Return runs of one member each; by default none is flipped."""
        turned = np.zeros(member.size, dtype=bool) if flipped is None else flipped
        return cls(np.arange(member.size + 1), member, turned)

    @property
    def sizes(self) -> Ints:
        """Number of members of each run."""
        return np.diff(self.ptr)

    @property
    def owner(self) -> Ints:
        """Run of each member."""
        return np.repeat(np.arange(self.ptr.size - 1), self.sizes)

    def expand(self, inner: Runs) -> Runs:
        """Replace each member by the run of `inner` that it refers to; a flipped member reverses that run."""
        # `step` counts the members of each inner run from 0; a flipped run is read backwards from its last.
        first, size = inner.ptr[self.member], inner.sizes[self.member]
        ends = np.concatenate(([0], np.cumsum(size)))
        step = np.arange(ends[-1]) - np.repeat(ends[:-1], size)
        turned = np.repeat(self.flipped, size)
        start = np.repeat(np.where(self.flipped, first + size - 1, first), size)
        source = start + np.where(turned, -step, step)
        return Runs(ends[self.ptr], inner.member[source], inner.flipped[source] != turned)

    def sums(self, values: Floats) -> Floats:
        """Sum a value of the original members over each run."""
        return np.bincount(self.owner, weights=values[self.member], minlength=self.ptr.size - 1)

    def largest_share(self, codes: Ints, weights: Floats) -> Ints:
        """Return the code with the largest total weight in each run, the lowest of equals.

        Parameters
        ----------
        codes
            Code of each original member, at least 0.
        weights
            Weight of each original member.
        """
        if self.member.size == 0:
            return np.zeros(0, dtype=np.int64)
        along, begin = codes[self.member], self.ptr[:-1]
        share_of: Ints = along[begin]
        # Most runs have one code throughout; only the others need their weights summed.
        mixed = np.flatnonzero(np.minimum.reduceat(along, begin) != np.maximum.reduceat(along, begin))
        picked = Runs.single(mixed).expand(self)
        count = int(codes.max()) + 1
        keys, place = np.unique(picked.owner * count + codes[picked.member], return_inverse=True)
        share = np.bincount(place, weights=weights[picked.member])
        order = np.lexsort((keys % count, -share, keys // count))
        first = np.flatnonzero(np.diff(keys[order] // count, prepend=-1))
        share_of[mixed] = keys[order][first] % count
        return share_of


_NEVER = np.iinfo(np.int64).max


@dataclass(frozen=True, slots=True)
class LinkArrays:
    """Links during contraction, each with the original links that it consists of.

    Attributes
    ----------
    tail, head
        int64 [m]: rows of nodes.
    forward_s, backward_s
        int64 [m]: travel times in seconds, or CLOSED.
    length_km
        float64 [m].
    mode, kind
        int64 [m]: codes of the mode, and of mode and class together.
    runs
        Original links of each link, in order from tail to head.
    """

    tail: Ints
    head: Ints
    forward_s: Ints
    backward_s: Ints
    length_km: Floats
    mode: Ints
    kind: Ints
    runs: Runs

    def take(self, rows: Ints) -> LinkArrays:
        """Return the links of some rows, in their order."""
        columns = {
            field.name: getattr(self, field.name)[rows] for field in fields(self) if field.name != "runs"
        }
        return LinkArrays(**columns, runs=Runs.single(rows).expand(self.runs))

    def useful(self) -> LinkArrays:
        """Return the links without loops and those that are closed in both directions."""
        closed = (self.forward_s == CLOSED) & (self.backward_s == CLOSED)
        return self.take(np.flatnonzero(~closed & (self.tail != self.head)))

    @property
    def open_directions(self) -> int:
        """Number of open directions of all links; every effective step of a contraction reduces it."""
        return int(np.count_nonzero(self.forward_s != CLOSED) + np.count_nonzero(self.backward_s != CLOSED))


def shrink(start: LinkArrays, *, kept: Mask) -> LinkArrays:
    """Join chains and merge parallels until nothing changes.

    Parameters
    ----------
    start
        All links; the run of each contains only itself.
    kept
        bool [nodes]: nodes that must not be removed.

    Returns
    -------
    LinkArrays
        The remaining links; each is open from tail to head.
    """
    links, before = start.useful(), -1
    while links.open_directions != before:
        before = links.open_directions
        links = _join_chains(links, kept=kept, original=start).useful()
        links = _merge_parallels(links)
    # Links that are open from head to tail alone are reversed: their lines run in the open direction.
    turn = links.forward_s == CLOSED
    return replace(
        links,
        tail=np.where(turn, links.head, links.tail),
        head=np.where(turn, links.tail, links.head),
        forward_s=np.where(turn, links.backward_s, links.forward_s),
        backward_s=np.where(turn, links.forward_s, links.backward_s),
        runs=Runs.single(np.arange(turn.size), turn).expand(links.runs),
    )


def _join_chains(links: LinkArrays, *, kept: Mask, original: LinkArrays) -> LinkArrays:
    """Replace each chain by one link."""
    chains = find_chains(links.tail, links.head, links.mode, kept)
    there = np.where(chains.flipped, links.backward_s[chains.member], links.forward_s[chains.member])
    back = np.where(chains.flipped, links.forward_s[chains.member], links.backward_s[chains.member])
    begin, end = chains.ptr[:-1], chains.ptr[1:] - 1
    first, last = chains.member[begin], chains.member[end]
    runs = chains.expand(links.runs)
    return LinkArrays(
        tail=np.where(chains.flipped[begin], links.head[first], links.tail[first]),
        head=np.where(chains.flipped[end], links.tail[last], links.head[last]),
        forward_s=_sum_of_open(there, begin),
        backward_s=_sum_of_open(back, begin),
        length_km=np.add.reduceat(links.length_km[chains.member], begin),
        mode=links.mode[first],
        kind=runs.largest_share(original.kind, original.length_km),
        runs=runs,
    )


def find_chains(tail: Ints, head: Ints, mode: Ints, kept: Mask) -> Runs:
    """Find the maximal chains of links through nodes that can be removed.

    A node can be removed if it is not kept and has exactly two links, both of one mode. Each link i is split
    into two darts: `2 i` from tail to head, and `2 i + 1` back. Every dart points to its successor through a
    removable node. Pointer doubling (list ranking after Wyllie) finds the last dart of each chain, and the
    number of steps to it, in log2(longest chain) rounds.

    Parameters
    ----------
    tail, head, mode
        int64 [m]: the links, without loops.
    kept
        bool [nodes]: nodes that must not be removed.

    Returns
    -------
    Runs
        Chains of links. Each link is in one chain, except those of circles of removable nodes, which are left
        out. A chain starts with the lower row of its two outer links; a single link keeps its direction.
    """
    leaves = np.column_stack((tail, head)).ravel()
    order = np.argsort(leaves, kind="stable")
    degree = np.bincount(leaves, minlength=kept.size)
    through = (np.cumsum(degree) - degree)[~kept & (degree == 2)]
    one, other = order[through], order[through + 1]
    alike = mode[one >> 1] == mode[other >> 1]
    one, other = one[alike], other[alike]
    # The successor of each dart through a removable node; the dart itself if there is none. `one` and `other`
    # leave the node: the reverse of either arrives there and continues with the other.
    following = np.arange(leaves.size)
    following[one ^ 1] = other
    following[other ^ 1] = one
    darts = np.arange(following.size)
    last, steps = following, (following != darts).astype(np.int64)
    # Invariant: dart `last[d]` is `steps[d]` steps behind d on its chain, and each round doubles the steps.
    # Circles never end.
    for _ in range(following.size.bit_length()):
        further = last[last]
        if np.array_equal(further, last):
            break
        steps = steps + steps[last]
        last = further
    ends = following[last] == last
    # Reversing the last dart of the reverse chain gives the first dart of this one.
    first = last[darts ^ 1] ^ 1
    taken = darts[ends & (first < (last ^ 1))]
    darts = taken[np.lexsort((-steps[taken], first[taken]))]
    begin = np.flatnonzero(np.diff(first[darts], prepend=-1))
    return Runs(np.append(begin, darts.size), darts >> 1, (darts & 1).astype(bool))


def _sum_of_open(seconds: Ints, begin: Ints) -> Ints:
    """Sum the seconds of each chain; one closed link closes the chain."""
    # CLOSED is -1, below every time, so that the least of a chain tells whether any of its links is closed.
    closed = np.minimum.reduceat(seconds, begin) == CLOSED
    return np.where(closed, CLOSED, np.add.reduceat(seconds, begin))


def _merge_parallels(links: LinkArrays) -> LinkArrays:
    """Keep the fastest of parallel links in each direction."""
    swap = links.tail > links.head
    up = np.where(swap, links.backward_s, links.forward_s)
    down = np.where(swap, links.forward_s, links.backward_s)
    pair = np.column_stack((np.minimum(links.tail, links.head), np.maximum(links.tail, links.head)))
    alive, up, down = fastest_parallels(pair, up, down, length_km=links.length_km, kind=links.kind)
    merged = replace(links, forward_s=np.where(swap, down, up), backward_s=np.where(swap, up, down))
    return merged.take(np.flatnonzero(alive))


def fastest_parallels(
    pair: Ints, up: Ints, down: Ints, *, length_km: Floats, kind: Ints
) -> tuple[Mask, Ints, Ints]:
    """Select the fastest of the links between the same two nodes in each direction.

    Ties are broken by length, then by row. If two links of the same kind are the fastest in one direction
    each, they become one two-way link. If their kinds differ, both stay, each open in its direction only.

    Parameters
    ----------
    pair
        int64 [m, 2]: the two nodes of each link, the lower first.
    up, down
        int64 [m]: seconds from the lower to the higher node and back, or CLOSED; never both closed.
    length_km
        float64 [m].
    kind
        int64 [m]: code of mode and class.

    Returns
    -------
    tuple of arrays
        Mask of the links that stay, and their seconds up and down.
    """
    alive, up, down = np.ones(up.size, dtype=bool), up.copy(), down.copy()
    key = pair[:, 0] * (int(pair.max(initial=0)) + 1) + pair[:, 1]
    _, group, count = np.unique(key, return_inverse=True, return_counts=True)
    rows = np.flatnonzero(count[group] > 1)
    first, second = (_fastest(rows, group[rows], seconds, length_km) for seconds in (up, down))
    # One link serves both directions if it is as fast in both, or if one direction is closed.
    no_up, no_down = up[first] == CLOSED, down[second] == CLOSED
    second = np.where(no_down | (~no_up & (down[first] == down[second])), first, second)
    first = np.where(no_up | (up[first] == up[second]), second, first)
    alive[rows] = False
    alive[np.concatenate((first, second))] = True
    # From here on a group has two survivors: the fastest up (`first`) and another one, the fastest down.
    two = first != second
    first, second = first[two], second[two]
    alike = kind[first] == kind[second]
    down[first] = np.where(alike, down[second], CLOSED)
    alive[second[alike]] = False
    up[second[~alike]] = CLOSED
    return alive, up, down


def _fastest(rows: Ints, group: Ints, seconds: Ints, length_km: Floats) -> Ints:
    """Return the row of each group with the least seconds, then length, then row; closed ones come last."""
    time = np.where(seconds[rows] == CLOSED, _NEVER, seconds[rows])
    order = np.lexsort((rows, length_km[rows], time, group))
    return rows[order][np.flatnonzero(np.diff(group[order], prepend=-1))]


__all__ = ["Contraction", "contract"]


@dataclass(frozen=True, slots=True)
class Contraction:
    """A contracted network, with maps from the original one.

    Attributes
    ----------
    network
        The contracted network.
    node_map
        int64 [original nodes]: row in the contracted network, -1 for removed nodes.
    member_ptr, member
        int64: link i consists of the original links `member[member_ptr[i]:member_ptr[i + 1]]`, in order from
        its tail to its head.
    """

    network: Network
    node_map: Ints
    member_ptr: Ints
    member: Ints


def contract(network: Network, *, keep: ArrayLike) -> Contraction:
    """Contract a network to the kept nodes and true junctions.

    Chains through nodes of degree two become one link, except where the mode changes. Of parallel links the
    fastest in each direction stays. Loops are removed; dead ends stay, so that places can be snapped to them.
    Travel times between kept nodes stay the same to the second.

    Parameters
    ----------
    keep
        Rows of nodes that must not be removed, such as cities, stations and border points.

    Returns
    -------
    Contraction
        The contracted network and the maps from the original one. A link joined from several has the sum of
        their lengths and times; the class, mode, name, number and speed source with the largest share of its
        length; the length-weighted harmonic mean of their speeds; the latest of their opening dates; the
        smallest known number of tracks; and the OSM id of the longest. A two-way link merged from two one-way
        carriageways of one class has the line and length of the one that leads from tail to head, and the
        time of either carriageway in its direction.

    Raises
    ------
    SchemaError
        If travel times have not been computed, or `keep` contains a row that does not exist.
    """
    require_times(network)
    rows, size, table_ = np.asarray(keep, dtype=np.int64).ravel(), len(network.nodes), network.links
    outside = rows[(rows < 0) | (rows >= size)]
    if outside.size:
        raise SchemaError(f"rows of nodes to keep outside 0 to {size - 1}: {outside[:5].tolist()}")
    kept = np.zeros(size, dtype=bool)
    kept[rows] = True
    mode, _ = pd.factorize(table_["mode"])
    link_class, classes = pd.factorize(table_["link_class"])
    columns = ("tail", "head", "forward_s", "backward_s", "length_km")
    before = LinkArrays(
        **{name: table_[name].to_numpy() for name in columns},
        mode=mode.astype(np.int64),
        kind=(mode * max(len(classes), 1) + link_class).astype(np.int64),
        runs=Runs.single(np.arange(len(table_))),
    )
    after = shrink(before, kept=kept)
    used = kept.copy()
    used[np.concatenate((after.tail, after.head))] = True
    node_map = np.where(used, np.cumsum(used) - 1, -1)
    return Contraction(
        network=Network(
            nodes=network.nodes[used].reset_index(drop=True),
            links=_joined_links(table_, after, node_map=node_map),
        ),
        node_map=node_map,
        member_ptr=after.runs.ptr,
        member=after.runs.member,
    )


def _joined_links(links: gpd.GeoDataFrame, after: LinkArrays, *, node_map: Ints) -> gpd.GeoDataFrame:
    """Build the links table of a contracted network from the original one."""
    runs, length = after.runs, links["length_km"].to_numpy()
    member, begin = after.runs.member, after.runs.ptr[:-1]
    # The smallest positive number of tracks of each run, and the latest of its dates.
    tracks, (codes, dates) = links["tracks"].to_numpy(), pd.factorize(links["start_date"], sort=True)
    least = np.minimum.reduceat(np.where(tracks > 0, tracks, _NEVER)[member], begin)
    latest = np.maximum.reduceat(codes[member], begin)
    hours = length / links["speed_kmh"].to_numpy()
    order = np.lexsort((-length[member], runs.owner))
    longest = member[order[np.flatnonzero(np.diff(runs.owner[order], prepend=-1))]]
    columns: dict[str, object] = {
        "tail": node_map[after.tail],
        "head": node_map[after.head],
        "length_km": after.length_km,
        "speed_kmh": runs.sums(length) / runs.sums(hours),
        "oneway": after.backward_s == CLOSED,
        "forward_s": after.forward_s,
        "backward_s": after.backward_s,
        "osm_id": links["osm_id"].to_numpy()[longest],
        "tracks": np.where(least == _NEVER, 0, least),
        "start_date": np.asarray(dates, dtype=object)[latest],
        "geometry": _lines(links.geometry.to_numpy(), runs),
    }
    for name in ("mode", "link_class", "speed_source", "name", "ref"):
        codes, words = pd.factorize(links[name], sort=True)
        columns[name] = np.asarray(words, dtype=object)[runs.largest_share(codes.astype(np.int64), length)]
    return table(columns, LINKS)


def _lines(lines: NDArray[np.object_], runs: Runs) -> NDArray[np.object_]:
    """Concatenate the points of the original lines of each run, without consecutive repeats."""
    points, line_of_point = shapely.get_coordinates(lines, return_index=True)
    line_ptr = np.searchsorted(line_of_point, np.arange(len(lines) + 1))
    whole = Runs(line_ptr, np.arange(len(points)), np.zeros(len(points), dtype=bool))
    joined_runs = runs.expand(whole)
    joined, owner = points[joined_runs.member], joined_runs.owner
    again = np.zeros(owner.size, dtype=bool)
    again[1:] = (owner[1:] == owner[:-1]) & (joined[1:] == joined[:-1]).all(axis=1)
    return np.asarray(shapely.linestrings(joined[~again], indices=owner[~again]), dtype=object)
