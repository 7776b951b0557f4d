"""Leave out arcs that are no faster than a way that is open whenever they are."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from optimiser.engine.presolve.stage import Stage
from optimiser.engine.presolve.useful import with_arcs, without_idle
from optimiser.engine.search.compiled import compiled
from optimiser.engine.search.paths import FAR, Graph, Integers, Mask, Whole, graph, pop, push
from optimiser.problem import Arc


def drop_slow_arcs(stage: Stage) -> Stage:
    """Leave out arcs that are no faster than another way over the network and their own candidate's arcs.

    Proof. Let arc a = (u, v) of s seconds belong to the network, or to candidate j. It leaves when u = v, or
    when a way P from u to v over other arcs of the network (and of j) takes at most s seconds, where P has
    two arcs or more, or is one arc that takes less, or as long and comes earlier in the order (the network's
    first, then by position). P is open whenever a is. Order arcs by seconds, then by that order: since
    seconds are above 0, every arc of P comes before a. By induction over this order each arc that left has a
    way no slower over arcs that stayed and are open with it, so all distances are kept in every plan.

    Parameters
    ----------
    stage
        Any stage.
    """
    problem = stage.problem
    net = graph(problem)
    slow = _slow(net, len(problem.candidates))
    heads, seconds = net.head[~slow].tolist(), net.seconds[~slow].tolist()
    tails = np.repeat(np.arange(len(problem.nodes)), np.diff(net.start))[~slow].tolist()
    arcs: list[list[Arc]] = [[] for _ in range(len(problem.candidates) + 1)]
    for arc, owner in zip(zip(tails, heads, seconds, strict=True), net.owner[~slow].tolist(), strict=True):
        arcs[owner].append(arc)
    return stage.on(without_idle(with_arcs(problem, arcs)))


class Search(NamedTuple):
    """Room for searches from one node after another.

    Attributes
    ----------
    best, over
        int64 [n]: least seconds from the node at hand, and least seconds over two arcs or more.
    direct
        int64 [n]: the fastest arc from the node at hand that is open, or -1.
    heap_time, heap_node
        int64 [m + 1].
    touched
        int64 [n]: nodes reached.
    """

    best: Integers
    over: Integers
    direct: Integers
    heap_time: Integers
    heap_node: Integers
    touched: Integers


@compiled
def _slow(net: Graph, size: int) -> Mask:
    """Say which arcs leave: those of the network (owner `size`), and of each candidate by itself."""
    nodes, arcs = net.start.size - 1, net.head.size
    found = np.zeros(arcs, np.bool_)
    is_open = np.zeros(size + 1, np.bool_)
    is_open[size] = True
    room = Search(
        np.full(nodes, FAR),
        np.full(nodes, FAR),
        np.full(nodes, -1, np.int64),
        np.empty(arcs + 1, np.int64),
        np.empty(arcs + 1, np.int64),
        np.empty(nodes, np.int64),
    )
    judged_at = np.full(size + 1, -1, np.int64)
    for node in range(nodes):
        for arc in range(net.start[node], net.start[node + 1]):
            owner = net.owner[arc]
            if judged_at[owner] == node:
                continue
            judged_at[owner] = node
            is_open[owner] = True
            _judge(net, is_open, node, owner, room, found)
            is_open[owner] = owner == size
    return found


@compiled
def _judge(net: Graph, is_open: Mask, node: int, owner: int, room: Search, found: Mask) -> None:
    """Judge the arcs of one owner that leave one node."""
    radius: Whole = np.int64(0)
    for arc in range(net.start[node], net.start[node + 1]):
        if net.owner[arc] == owner:
            radius = max(radius, net.seconds[arc])
    count = _search(net, is_open, node, radius, room)
    for arc in range(net.start[node], net.start[node + 1]):
        if net.owner[arc] == owner:
            head = net.head[arc]
            found[arc] = head == node or room.direct[head] != arc or room.over[head] <= net.seconds[arc]
    for place in range(count):
        reached = room.touched[place]
        room.best[reached] = room.over[reached] = FAR
        room.direct[reached] = -1


@compiled
def _search(net: Graph, is_open: Mask, node: int, radius: Whole, room: Search) -> int:
    """Search from a node up to a radius; return the number of nodes touched (Dijkstra)."""
    count = size = 0
    for arc in range(net.start[node], net.start[node + 1]):
        head, seconds = net.head[arc], net.seconds[arc]
        if head == node or seconds > radius or not is_open[net.owner[arc]]:
            continue
        if room.direct[head] < 0:
            room.touched[count] = head
            count += 1
        elif not _before(net, arc, room.direct[head]):
            continue
        room.direct[head] = arc
        room.best[head] = seconds
        size = push(room.heap_time, room.heap_node, size, seconds, head)
    while size:
        size = pop(room.heap_time, room.heap_node, size)
        time, at = room.heap_time[size], room.heap_node[size]
        if time > room.best[at]:
            continue
        for arc in range(net.start[at], net.start[at + 1]):
            reached, head = time + net.seconds[arc], net.head[arc]
            if head == node or reached > radius or reached >= room.over[head]:
                continue
            if not is_open[net.owner[arc]]:
                continue
            if room.best[head] == FAR:
                room.touched[count] = head
                count += 1
            room.over[head] = reached
            if reached < room.best[head]:
                room.best[head] = reached
                size = push(room.heap_time, room.heap_node, size, reached, head)
    return count


@compiled
def _before(net: Graph, arc: int, other: int) -> bool:
    """Say whether an arc replaces another one between its nodes: faster, else today's, else earlier."""
    if net.seconds[arc] != net.seconds[other]:
        return bool(net.seconds[arc] < net.seconds[other])
    if net.owner[arc] != net.owner[other]:
        return bool(net.owner[arc] > net.owner[other])
    return bool(arc < other)
