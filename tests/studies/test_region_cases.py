"""On the embedded region a case without changes has the times of the run, whatever is built."""

from __future__ import annotations

import pytest

from networks.skims import travel_times
from optimiser.frontier.cases import UNCHANGED, Case, TimeChanges, counted_pairs, resolve
from optimiser.job import find
from optimiser.proposals.prepare import design_problem
from optimiser.run.chain import Chain
from optimiser.run.retiming import TimedNetwork
from optimiser.studies import answers, cases
from optimiser.verify.rules import covered_pairs, pair_times

ROUNDING_S = 15
"""A way on roads is rounded once, and not link by link."""


def times_within(problem):
    """Return the seconds of the pairs within their limits by their ends, for several plans."""
    names = [candidate.id for candidate in problem.candidates]
    found = []
    for built in ([], names[::3], names[1::2], names):
        pairs = zip(problem.pairs, pair_times(problem, built), strict=True)
        within = ((pair, seconds) for pair, seconds in pairs if seconds is not None and seconds <= pair.limit)
        nodes = problem.nodes
        found.append({(nodes[p.origin], nodes[p.destination], p.limit): seconds for p, seconds in within})
    return found


def on_the_whole_network(chain, changes):
    """Return the problem under some changes, by way of every road link."""
    times, candidates = chain.times.value, chain.candidates.value
    graph, opened = TimedNetwork.of(times.graphs["door_to_door"], candidates).under(changes)
    skim = travel_times(graph)
    return design_problem(graph, times.cities, opened, skim, limit_s=14_400, budget=0).problem


@pytest.mark.long
@pytest.mark.rare
def test_timing_anew_without_changes_gives_the_same_problem_and_slower_roads_cover_less():
    settings = ["independence.weight=0.25", "independence.counts=true"]
    chain = Chain.of(find("jing-jin-ji-links", settings=settings))
    draft = chain.draft.value
    base = answers.base_of(chain.times.value, chain.candidates.value, draft, chain.loaded.job)
    assert times_within(base.timer(UNCHANGED)) == times_within(draft.problem)
    assert resolve(base, Case(name="same")).replace(name=draft.problem.name) == chain.design
    layer = base.layer(TimeChanges(limit_s=60))
    assert (layer.of, layer.shares) == (draft.layer.of, draft.layer.shares)
    assert times_within(layer.network) == times_within(draft.layer.network)
    changes = TimeChanges(road_speed=0.93, rail_speed=1.07, waits=1.2, access_s=120)
    under = times_within(base.timer(changes)), times_within(on_the_whole_network(chain, changes))
    for one, other in zip(*under, strict=True):
        differ = [abs(s - other[pair]) for pair, s in one.items() if pair in other]
        assert len(differ) > 100
        assert max(differ) <= ROUNDING_S
        assert len(one.keys() ^ other.keys()) <= 3
    off = resolve(base, Case(name="x", independence=False))
    assert len(off.pairs) == len(draft.problem.pairs) < len(chain.design.pairs)
    counted = counted_pairs(chain.design)
    assert counted == tuple(range(len(off.pairs)))
    slow, fast = (resolve(base, Case(name="x", times=TimeChanges(road_speed=speed))) for speed in (0.9, 1.1))
    states = [covered_pairs(problem, ()) for problem in (slow, chain.design, fast)]
    covered = [len(set(counted) & state) for state in states]
    assert covered == sorted(set(covered))
    asked = cases.stated_cases(chain.loaded.job, chain.candidates.value, has_ring=False)
    assert len(asked) >= 12
    assert "no rings" not in {case.name for case in asked}
    more = cases.stated_cases(chain.loaded.job, chain.candidates.value, has_ring=True)
    assert [case.name for case in more if case not in asked] == ["no rings"]
    few = find("jing-jin-ji-links", settings=['cases.only=["no rings", "no cliff", "trains 10 % slower"]'])
    only = cases.stated_cases(few.job, chain.candidates.value, has_ring=False)
    assert [case.name for case in only] == ["trains 10 % slower", "no cliff"]
