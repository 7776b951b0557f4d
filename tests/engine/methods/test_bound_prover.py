"""Proofs of bounds reach the optimum of small problems, and the checker finds the same bound."""

from __future__ import annotations

import importlib
import json
import random
import time
from pathlib import Path

import pytest
from core_drawing import brute_force, dense_problem, line
from partition_drawing import triangle
from problem_files import as_json
from ring_drawing import ring_problem, ringed, square, web_problem, whole_brute_force
from tiers import thinned

from optimiser import verify
from optimiser.engine.certification import certify
from optimiser.engine.methods import bound_prover as certifying
from optimiser.engine.methods.bound_prover import prove_bound
from optimiser.engine.solve import solve
from optimiser.problem import Candidate, DesignProblem, Pair, load
from optimiser.problem.errors import SolverError
from optimiser.verify.bound_checker import FORMAT, Model, check, check_bound

ROOT = Path(__file__).resolve().parents[3]


def proved(problem, target, *, seconds=20.0):
    """Return the bound that the checker finds in a proof, which must be what the prover says."""
    end = time.monotonic() + seconds
    proof = prove_bound(problem, target, seed=1, left=lambda: end - time.monotonic())
    document = json.loads(json.dumps(proof.document))
    bound = check_bound(Model(as_json(problem)), document)
    assert bound == proof.bound == document["bound"]
    return bound


@pytest.mark.parametrize("seed", thinned(range(30), 6))
def test_the_optimum_of_random_problems_is_certified(seed):
    problem = dense_problem(seed)
    best = brute_force(problem)
    assert proved(problem, best) == best


@pytest.mark.parametrize("draw", [ring_problem, web_problem])
@pytest.mark.parametrize("seed", thinned(range(12), 3))
def test_the_optimum_of_random_problems_with_rings_and_periods_is_certified(draw, seed):
    problem = draw(seed)
    best = whole_brute_force(problem)
    assert proved(problem, best) == best


@pytest.mark.shared
@pytest.mark.parametrize("folder", ["toy", "rings", "capacity"])
def test_every_shared_toy_is_certified_to_its_optimum(shared_dir, folder):
    files = (shared_dir / "instances" / folder / name for name in ("optima.json", "optima_side.json"))
    known = [row for path in files if path.exists() for row in json.loads(path.read_text())]
    for row in known:
        problem = load(shared_dir / "instances" / folder / f"{row['problem']}.json")
        value = row["objective"] if isinstance(row.get("objective"), int) else None
        if row.get("status") != "infeasible" and value is None:
            value = row["cost"] if problem.budget is None else row["coverage"]
        assert proved(problem, value) == value, row["problem"]


@pytest.mark.parametrize("seconds", [0.0, 0.01, 0.05])
def test_a_proof_that_is_cut_short_proves_less_but_nothing_wrong(seconds):
    for seed in range(8):
        problem = dense_problem(seed)
        best, bound = brute_force(problem), proved(problem, brute_force(problem), seconds=seconds)
        if best is not None:
            assert bound is not None
            assert bound <= best if problem.budget is None else bound >= best


def test_partitions_are_rows_of_a_certificate():
    problem = triangle()
    end = time.monotonic() + 20
    proof = prove_bound(problem, brute_force(problem), seed=1, left=lambda: end - time.monotonic())
    assert check_bound(Model(as_json(problem)), proof.document) == brute_force(problem)


@pytest.mark.parametrize("lie", ["random", "negative", "huge", "none", "equation"])
def test_wrong_duals_weaken_a_bound_and_never_make_it_wrong(monkeypatch, lie):
    honest = certifying.CertifyingHighs.duals
    chance = random.Random(lie)  # noqa: S311 - chance for drawings, no secret

    def lying(self):
        found, weight = honest(self)
        changed = {
            "random": {row: round(value * chance.uniform(0, 3)) for row, value in found.items()},
            "negative": {row: -value for row, value in found.items()},
            "huge": {row: value * 10**6 for row, value in found.items()},
            "none": {},
            "equation": dict.fromkeys(found, 1 << self.bits),
        }[lie]
        legal = {r: v for r, v in changed.items() if v >= 0 or self.rows[r].is_equation}
        return legal, weight

    monkeypatch.setattr(certifying.CertifyingHighs, "duals", lying)
    for seed in range(12):
        problem = dense_problem(seed)
        best, bound = brute_force(problem), proved(problem, brute_force(problem), seconds=1.0)
        if best is not None and bound is not None:
            assert bound <= best if problem.budget is None else bound >= best
        assert best is None or bound is not None


def test_a_solver_that_lies_about_optima_does_not_reach_the_certificate(monkeypatch):
    # The relaxation is said to be far better than it is; what is proved rests on the multipliers alone.
    honest = certifying.CertifyingHighs.solve_lp

    def lying(self, *, seconds):
        found = honest(self, seconds=seconds)
        return type(found)(
            found.status, found.objective - 50.0, found.decisions, found.y, found.reduced_costs
        )

    monkeypatch.setattr(certifying.CertifyingHighs, "solve_lp", lying)
    for seed in range(6):
        problem = dense_problem(seed)
        best, bound = brute_force(problem), proved(problem, brute_force(problem), seconds=1.0)
        if best is not None:
            assert bound <= best if problem.budget is None else bound >= best


@pytest.mark.parametrize("weight", [3, 18])
def test_a_budget_that_only_tolerances_meet_is_a_leaf(weight):
    # -0.0000001 of the dear candidate pays for what is missing for the other: HiGHS calls that feasible.
    links = (Candidate("c0", 10_000_000, ((2, 3, 1),)), Candidate("c1", 3, ((0, 1, 1),)))
    pairs = (Pair(0, 1, 1, weight), Pair(2, 3, 1, 1))
    problem = DesignProblem("near", tuple("abcd"), (), links, pairs, 2)
    assert proved(problem, 0) == 0


def test_a_target_better_than_the_optimum_is_not_reached():
    problem = line()
    best = brute_force(problem)
    assert proved(problem, best - 3, seconds=2.0) == best


def test_the_child_process_proves_and_the_parent_checks():
    problem = ringed(square())
    result = solve(problem)
    seen = []
    proof = certify(problem, result, time_limit_s=20, progress=lambda *now: seen.append(now))
    assert proof.bound == result.objective
    assert seen[-1][1] == proof.bound
    evidence = verify.certificate(problem, verify.check(problem, result))
    assert check(as_json(problem), {**evidence, "bound": proof.document})[1] == 0


def test_a_child_without_a_proof_is_told():
    def run(task, receive, *, time_limit_s):
        from optimiser.engine.child import Ending

        return Ending("killed", "the solver did not keep its time limit")

    with pytest.raises(SolverError, match="no bound was certified"):
        certify(line(), 3, time_limit_s=1, run=run)


def test_a_proof_that_the_check_refuses_is_told():
    def run(task, receive, *, time_limit_s):
        from optimiser.engine.child import Ending

        wrong = {"bound": 0, "denominator_bits": 0, "rows": [{"model": "none"}], "tree": []}
        return Ending("proof", details={"document": wrong})

    with pytest.raises(SolverError, match="the check refused"):
        certify(line(), 3, time_limit_s=1, run=run)


@pytest.mark.long
@pytest.mark.usefixtures("here")
def test_damage_never_passes_with_another_claim(monkeypatch):
    monkeypatch.syspath_prepend(ROOT / "benchmarks")
    bench = importlib.import_module("certificates")
    chance = random.Random(1)  # noqa: S311 - chance for drawings, no secret
    tried = 0
    for problem in (*map(dense_problem, range(3)), ringed(square()), *map(ring_problem, range(2))):
        result = solve(problem)
        if not result.has_plan:
            continue
        proof = certify(problem, result, time_limit_s=20)
        shown = verify.certificate(problem, verify.check(problem, result))
        certificate, raw = {"format": FORMAT, **shown, "bound": proof.document}, as_json(problem)
        for damage in range(41):  # the first is none
            document = bench.damaged(certificate, chance) if damage else certificate
            assert not any(bench.passes(checker, raw, document, certificate) for checker in bench.CHECKERS)
            tried += bool(damage)
    assert tried >= 150
