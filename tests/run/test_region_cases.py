"""On the embedded region a case without changes is the problem of the run, arc by arc."""

from __future__ import annotations

from optimiser.frontier.cases import UNCHANGED, Case, TimeChanges, resolve
from optimiser.job import find
from optimiser.run import cases
from optimiser.run.chain import Chain


def test_timing_anew_without_changes_gives_the_same_problem_and_slower_roads_cover_less(
    tmp_path, monkeypatch
):
    monkeypatch.setenv("POLYRING_CACHE", str(tmp_path))
    chain = Chain.of(find("jing-jin-ji-links", settings=["independence.weight=0.25"]))
    draft = chain.draft.value
    base = cases.base_of(chain.times.value, chain.candidates.value, draft, chain.loaded.job)
    assert base.timer(UNCHANGED) == draft.problem
    assert resolve(base, Case(name="same")).replace(name=draft.problem.name) == chain.design
    assert base.layer(TimeChanges(limit_s=60)) == draft.layer
    off = resolve(base, Case(name="x", independence=False))
    assert len(off.pairs) == len(draft.problem.pairs) < len(chain.design.pairs)
    counted = cases.counted_pairs(chain.design)
    assert counted == tuple(range(len(off.pairs)))
    slow, fast = (resolve(base, Case(name="x", times=TimeChanges(road_speed=speed))) for speed in (0.9, 1.1))
    states = [cases.covered_pairs(problem, ()) for problem in (slow, chain.design, fast)]
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
