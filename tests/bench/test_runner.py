"""Check that solves run in processes of their own, are kept as they come, and leave no process behind."""

from __future__ import annotations

import dataclasses
import itertools
import json
import sys
from contextlib import suppress
from functools import partial

import psutil
import pytest
from bench_drawing import row

from optimiser import verify
from optimiser.bench import measuring, outputs, runner
from optimiser.bench.generators.families import GridParameters, grid
from optimiser.bench.instances import Configuration, Instance, Limits, Run, from_path, plan
from optimiser.bench.measuring import fault_line, measure, solve_here
from optimiser.bench.outputs import write_outputs
from optimiser.bench.runner import Store, incomplete
from optimiser.problem import dumps, load, save
from optimiser.problem.errors import EnvironmentFault, ProblemError, VerificationError
from optimiser.problem.result import Result, TracePoint, gap_of
from optimiser.tasks.running import InProcess

LATTICE = grid(GridParameters(rows=3, columns=3, candidates=6, pairs=6))
GREEDY, SWAP, AGAIN = (
    Configuration("greedy", "none"),
    Configuration("swap", "none"),
    Configuration("reverse-greedy", "none"),
)
LIMITS = Limits(time_limit_s=5.0)
TOOK = {"wall_s": 2.0, "cpu_s": 1.0, "peak_mb": 50.0, "other_load": 0.0}


def instance(name="lattice", problem=LATTICE):
    return Instance(name, "drawn", "", lambda: problem.replace(name=name))


class Recorder:
    def __init__(self):
        self.messages = []

    def begins(self, run, number, total, _left_s):
        self.messages.append(f"{number}/{total} {run.instance.name} {run.configuration.label}")

    def ends(self, row):
        self.messages.append(row.status)

    def notes(self, text):
        self.messages.append(text)


def done(task, *, change=None):
    """Measure a solve that is done in this process."""
    answer = {**solve_here(task, None), "cpu_s": 1.0, "peak_mb": 50.0}
    if change is not None:
        change(task)
    return {"answer": answer, **TOOK}


def tried(problem, *, variant, params):
    """Solve by trying every plan; a heuristic reports the plan that builds least, with a weak bound."""
    ids = [candidate.id for candidate in problem.candidates]
    plans = []
    for count in range(len(ids) + 1):
        for built in itertools.combinations(ids, count):
            with suppress(VerificationError):
                plans.append(verify.score(problem, built))
    minimise = problem.budget is None
    best = min(plans, key=lambda p: p.cost) if minimise else max(plans, key=lambda p: p.objective)
    exact = variant in {"cuts", "compact"}
    found = best if exact else plans[0]
    bound = float(best.objective if exact else 0 if minimise else sum(p.weight for p in problem.pairs))
    gap = gap_of(found.objective, bound, minimise=minimise)
    points = ((0.1, "start", 1e6), (0.2, "end", bound))
    return Result(
        problem=problem.name,
        status="optimal" if gap == 0 else "feasible",
        built=found.built,
        cost=found.cost,
        coverage=found.coverage.after,
        objective=found.objective,
        bound=bound,
        gap=gap,
        variant=variant,
        seconds=0.25,
        seed=1,
        threads=1,
        solver="",
        termination="proof" if exact else "heuristic",
        trace=tuple(TracePoint(at, step, found.objective, bound) for at, step, bound in points),
    )


def outcome(*arguments, **options):
    """Return the outcome of a bench whose tasks are done in this process."""
    with InProcess() as executor:
        return runner.bench(*arguments, **options, executor=executor)


def bench(*arguments, **options):
    """Return the rows of a bench."""
    return list(outcome(*arguments, **options).rows)


@pytest.fixture(autouse=True)
def in_process(monkeypatch):
    """Let solves be done in this process by trying every plan, so that the tests are quick."""
    monkeypatch.setattr("optimiser.engine.solve.solve", tried)
    monkeypatch.setattr(measuring, "measure", done)


@pytest.fixture
def unfit(monkeypatch):
    """Let no variant fit."""
    monkeypatch.setattr(measuring, "measure", unfitting)


@pytest.mark.parametrize(
    ("termination", "told"), [("time", (40.0, 50.0, 0.1)), ("refused", (None, None, None))]
)
def test_a_claim_stands_beside_what_is_confirmed_and_a_root_bound_is_as_told(
    termination, told, tmp_path, monkeypatch
):
    def claim(problem, **options):
        found, bounds = tried(problem, **options), (50.0, 40.0) if termination == "time" else (None, None)
        steps = zip((0.1, 0.2), ("root", "compact"), bounds, (None, 3), strict=True)
        points = (TracePoint(at, step, 20, 999.0, 0, nodes, claim) for at, step, claim, nodes in steps)
        return found.replace(trace=tuple(points), termination=termination)

    monkeypatch.setattr("optimiser.engine.solve.solve", claim)
    (row,) = bench(plan([instance()], [GREEDY], [1], LIMITS), tmp_path, listener=Recorder())
    assert (row.claimed_bound, row.root_bound, row.root_s) == told
    gap = None if told[0] is None else abs(40 - row.objective) / max(1, row.objective)
    assert (row.claimed_gap, row.tree_nodes) == (gap, 3)


def test_each_solve_has_a_row_with_sizes_and_outcome(tmp_path):
    rows = bench(plan([instance()], [GREEDY, SWAP], [1], LIMITS), tmp_path, listener=Recorder())
    assert [(row.variant, row.status, row.check, row.seconds) for row in rows] == [
        ("greedy", "feasible", "ok", 0.25),
        ("swap", "feasible", "ok", 0.25),
    ]
    first = rows[0]
    assert (first.places, first.arcs, first.candidates, first.pairs, first.open_pairs) == (9, 24, 6, 6, 6)
    assert (first.wall_s, first.cpu_s, first.peak_mb) == (2.0, 1.0, 50.0)


def test_an_interrupted_bench_continues_where_it_ended(tmp_path):
    recorder = Recorder()
    bench(plan([instance()], [GREEDY], [1], LIMITS), tmp_path, listener=Recorder())
    rows = bench(plan([instance()], [GREEDY, SWAP], [1], LIMITS), tmp_path, listener=recorder)
    kept, *others = recorder.messages
    assert kept.endswith("keeps its rows of earlier solves (1), with new tables.")
    assert others == ["1/1 lattice swap", "feasible"]
    assert len(rows) == 2


def test_another_problem_with_the_same_name_is_refused(tmp_path):
    bench(plan([instance()], [GREEDY], [1], LIMITS), tmp_path, listener=Recorder())
    Store(tmp_path).file("instances", "lattice").write_text(
        dumps(LATTICE.replace(budget=1)), encoding="utf-8"
    )
    with pytest.raises(ProblemError, match="not the one that was measured before"):
        bench(plan([instance()], [SWAP], [1], LIMITS), tmp_path, listener=Recorder())


def of_file(path, problem=LATTICE):
    """Write a problem file and return it as an instance."""
    save(problem, path)
    (one,) = from_path(path)
    return one


@pytest.mark.parametrize("configuration", [GREEDY, SWAP], ids=["done before", "new"])
def test_a_file_that_holds_another_problem_than_before_is_refused(configuration, tmp_path):
    out, path = tmp_path / "out", tmp_path / "mine.json"
    rows = bench(plan([of_file(path)], [GREEDY], [1], LIMITS), out, listener=Recorder())
    changed = of_file(path, LATTICE.replace(budget=1))
    with pytest.raises(ProblemError, match="'mine' is not the one that was measured before"):
        bench(plan([changed], [configuration], [1], LIMITS), out, listener=Recorder())
    same = of_file(path)
    assert bench(plan([same], [GREEDY], [1], LIMITS), out, listener=Recorder()) == rows


def test_a_problem_file_without_rows_is_read_again(monkeypatch, tmp_path):
    out, path = tmp_path / "out", tmp_path / "mine.json"
    monkeypatch.setattr(measuring, "measure", unfitting)
    bench(plan([of_file(path)], [GREEDY], [1], LIMITS), out, listener=Recorder())
    monkeypatch.setattr(measuring, "measure", done)
    changed = of_file(path, LATTICE.replace(budget=1))
    bench(plan([changed], [GREEDY], [1], LIMITS), out, listener=Recorder())
    assert load(Store(out).file("instances", "mine")).budget == 1


def test_rows_of_earlier_code_are_kept_and_reported(tmp_path, monkeypatch):
    bench(plan([instance()], [GREEDY], [1], LIMITS), tmp_path, listener=Recorder())
    monkeypatch.setattr("optimiser.bench.runner.code", lambda: "later")
    monkeypatch.setattr(measuring, "code", lambda: "later")
    recorder = Recorder()
    bench(plan([instance()], [GREEDY, SWAP], [1], LIMITS), tmp_path, listener=recorder)
    assert recorder.messages[0].startswith("1 solve is kept from earlier code (")
    assert [row.code for row in Store(tmp_path).rows()][1:] == ["later"]


def test_a_problem_may_have_the_name_of_the_warm_up(tmp_path):
    mine = of_file(tmp_path / "warm_up.json")
    (row,) = bench(plan([mine], [GREEDY], [1], LIMITS), tmp_path / "out", listener=Recorder())
    kept = Store(tmp_path / "out").file("instances", "warm_up")
    assert load(kept) == LATTICE.replace(name="warm_up")
    assert row.instance == "warm_up"


def test_the_warm_up_leaves_nothing_in_the_folder(tmp_path):
    bench(plan([instance()], [GREEDY], [1], LIMITS), tmp_path, listener=Recorder())
    assert [path.name for path in (tmp_path / "instances").iterdir()] == ["lattice.json"]
    assert len(list((tmp_path / "plans").iterdir())) == 1


def test_a_variant_that_needs_a_budget_is_left_out_where_there_is_none(tmp_path):
    recorder = Recorder()
    cover = instance("cover", LATTICE.replace(budget=None))
    rows = bench(
        plan([cover], [Configuration("do-nothing", "none"), AGAIN], [1], LIMITS),
        tmp_path,
        listener=recorder,
    )
    assert [row.variant for row in rows] == ["reverse-greedy"]
    assert rows[0].minimise
    assert "do-nothing on cover is left out: variant 'do-nothing' needs a budget" in recorder.messages


def unfitting(_task):
    return {"answer": {"unfit": "it cannot do that"}, **TOOK}


def test_a_configuration_that_does_not_fit_the_problem_has_no_row(unfit, tmp_path):
    recorder = Recorder()
    assert bench(plan([instance()], [GREEDY], [1], LIMITS), tmp_path, listener=recorder) == []
    assert "greedy on lattice is left out: it cannot do that" in recorder.messages


def broken():
    raise ProblemError("it breaks its format")


def test_an_instance_that_cannot_be_made_is_incomplete(tmp_path):
    recorder = Recorder()
    bad = Instance("bad", "drawn", "", broken)
    done = outcome(plan([bad, instance()], [GREEDY], [1], LIMITS), tmp_path, listener=recorder)
    assert [row.instance for row in done.rows] == ["lattice"]
    assert [fault.what for fault in done.faults] == ["it breaks its format"]
    assert "bad is left out: it breaks its format" in recorder.messages


def wrong(task):
    answer = {"wrong": "the solve cannot be run so: seed 7 is odd"}
    return {"answer": answer, **TOOK} if task["seed"] == 7 else done(task)


def test_a_solve_that_cannot_run_is_reported_and_the_rest_is_done(monkeypatch, tmp_path):
    recorder = Recorder()
    monkeypatch.setattr(measuring, "measure", wrong)
    done = outcome(plan([instance()], [GREEDY], [1, 7], LIMITS), tmp_path, listener=recorder)
    assert [row.seed for row in done.rows] == [1]
    text = "greedy on lattice, seed 7: the solve cannot be run so: seed 7 is odd"
    assert [fault_line(fault) for fault in done.faults] == [text]
    assert f"{text}: left out" in recorder.messages


def test_the_exit_code_depends_on_the_faults():
    bad, absent = ProblemError("bad", where="here", faults=["a", "b"]), EnvironmentFault("not installed")
    assert incomplete([bad], solved=False) is bad
    mixed = incomplete([bad, absent, absent], solved=True)
    assert (mixed.exit_code, mixed.faults) == (2, ("here: bad: a; b", "not installed"))
    assert incomplete([absent], solved=True).exit_code == 5
    many = incomplete([ProblemError(f"fault {i}") for i in range(30)], solved=True)
    assert len(many.faults) == 21
    assert many.faults[-1] == "and 10 more"


def claim_too_much(task):
    """Write a bound into the result that is worse than other plans."""
    from pathlib import Path

    path = Path(task["result"])
    result = json.loads(path.read_text(encoding="utf-8"))
    if result["variant"] == "greedy":
        result["bound"] = 0.0
        path.write_text(json.dumps(result), encoding="utf-8")


def test_a_false_bound_fails_the_bench_after_all_is_written(monkeypatch, tmp_path):
    monkeypatch.setattr(measuring, "measure", partial(done, change=claim_too_much))
    runs = plan([instance()], [GREEDY, Configuration("compact", "highs")], [1], LIMITS)
    rows = bench(runs, tmp_path, listener=Recorder())
    with pytest.raises(VerificationError, match="contradict each other") as caught:
        write_outputs(rows, tmp_path, command="polyring bench")
    assert caught.value.exit_code == 4
    assert "is better than the bound" in (tmp_path / "summary.md").read_text(encoding="utf-8")


def test_outputs_of_a_bench(tmp_path):
    lattices = [instance(), instance("other", LATTICE.replace(budget=LATTICE.budget + 20))]
    configurations = [GREEDY, SWAP, Configuration("cuts", "highs"), Configuration("compact", "highs")]
    rows = bench(plan(lattices, configurations, [1], LIMITS), tmp_path, listener=Recorder())
    page = write_outputs(rows, tmp_path, command="polyring bench").read_text(encoding="utf-8")
    assert "8 of 8 outcomes passed the independent check" in page
    assert "The rows come from several" not in page
    for name in ("profile", "gaps", "gaps_drawn"):
        assert (tmp_path / "figures" / f"{name}.png").read_bytes()[:4] == b"\x89PNG"
        assert f"figures/{name}.png" in page


def test_an_interrupted_bench_has_the_summary_of_its_solves_so_far(tmp_path):
    class Interrupting(Recorder):
        def ends(self, _row):
            raise KeyboardInterrupt

    out = tmp_path / "out"
    with pytest.raises(KeyboardInterrupt):
        outputs.bench([LATTICE], variants=["greedy", "swap"], out=out, listener=Interrupting())
    page = (out / "summary.md").read_text(encoding="utf-8")
    assert "1 of 1 outcomes passed the independent check" in page
    assert "| greedy | 1 |" in page


READY = 'print(\'{"kind": "ready"}\', flush=True); '
SLEEPER = (
    "import pathlib, subprocess, sys, time; "
    "words = [sys.executable, '-c', 'import time; time.sleep(600)']; "
    "other = subprocess.Popen(words, start_new_session=True); "
    "pathlib.Path('pid').write_text(str(other.pid)); time.sleep(600)"
)


def measured(code, *, limit_s=60.0):
    return measure({"time_limit_s": 1.0}, command=(sys.executable, "-c", code), limit_s=limit_s)


def test_killing_a_process_kills_its_children(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert "exceeded its time limit" in measured(READY + SLEEPER, limit_s=2.0)["answer"]["fault"]
    other = int((tmp_path / "pid").read_text())
    assert not psutil.pid_exists(other) or psutil.Process(other).status() == psutil.STATUS_ZOMBIE


def test_a_process_beyond_its_hard_limit_is_killed():
    found = measured(f"{READY}import time; time.sleep(600)", limit_s=0.5)
    assert "exceeded its time limit" in found["answer"]["fault"]
    assert found["wall_s"] < 600


def test_a_process_that_crashes_reports_why():
    answer = measured("raise SystemExit('the sky fell')")["answer"]
    assert answer["fault"].startswith("the process ended with exit code 1: the sky fell")


def test_memory_and_time_are_measured_from_outside():
    done = {"kind": "done", "reason": "done", "seconds": 1.5, "value": {"check": "ok"}}
    code = f"x = bytearray(80_000_000); t = __import__('time'); t.sleep(1.5); print({json.dumps(done)!r})"
    found = measured(READY + code)
    assert found["answer"] == {"check": "ok"}
    assert found["peak_mb"] > 80
    assert found["wall_s"] > 1.5


def test_the_worker_solves_checks_and_measures_itself(tmp_path):
    save(LATTICE, tmp_path / "p.json")
    task = {
        "problem": str(tmp_path / "p.json"), "result": str(tmp_path / "r.json"), "variant": "greedy",
        "solver": "none", "options": {}, "seed": 1, "time_limit_s": 5.0, "effort": None, "gap": 0.0,
        "threads": 1,
    }  # fmt: skip
    answer = solve_here(task, None)
    assert answer["check"] == "ok"
    assert answer["peak_mb"] > 10
    assert (tmp_path / "r.json").is_file()


def test_the_time_left_uses_the_solves_so_far():
    run = Run(
        Instance("x", "drawn", "", lambda: None),
        Configuration("cuts", "highs"),
        1,
        Limits(time_limit_s=100.0),
    )
    other = dataclasses.replace(run, configuration=Configuration("compact", "highs"))
    rows = [row(wall_s=6.0), row("b", wall_s=18.0)]
    assert runner.left_s(rows, [run]) == pytest.approx(20.0)
    by_effort = dataclasses.replace(run, limits=Limits(time_limit_s=86400.0, effort=0.1))
    assert runner.left_s([], [by_effort]) == pytest.approx(60.0)
    assert runner.left_s(rows, [run, other]) == pytest.approx(120.0)
