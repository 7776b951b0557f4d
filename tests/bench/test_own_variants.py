"""Check that a variant of the user's own is benched, verified like all others, or refused with a reason."""

from __future__ import annotations

import csv
import dataclasses
import re
import time
from pathlib import Path

import pytest
from tiers import thinned

from optimiser.bench.generators.families import GridParameters, grid
from optimiser.bench.instances import Configuration, configurations
from optimiser.cli.app import call
from optimiser.engine.child import ChildProcess
from optimiser.engine.methods import own_variant
from optimiser.engine.methods.variants import own
from optimiser.engine.search.task import SolveParameters
from optimiser.engine.solve import SolveFailure, solve
from optimiser.problem import save
from optimiser.problem.errors import ProblemError

BUSY_S = 60.0
"""Room for a machine that does other work as well."""

LATTICE = grid(GridParameters(rows=3, columns=3, candidates=6, pairs=6))
PAGE = Path(__file__).resolve().parents[2] / "docs" / "bench.md"
HEAD = """from optimiser.engine.methods.own_variant import Variant

VARIANT = Variant(name="mine", about="Mine.", proves=False)

"""
RUN = 'def run(t, incumbent, task):\n    return "heuristic", ""\n'


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    save(LATTICE, "my.json")
    return tmp_path


def example() -> str:
    """Return the example of the page on the bench."""
    (text,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    return text


def written(text: str, name: str = "mine.py") -> Path:
    path = Path(name)
    path.write_text(text, encoding="utf-8")
    return path


def rows(out: str) -> list[dict[str, str]]:
    with Path(out, "runs.csv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_the_example_of_the_documentation_is_benched_in_one_command(folder, capfd):
    written(example(), "cheapest.py")
    assert call(["bench", "--instances", "my.json", "--variant", "cheapest.py", "-o", "out"]) == 0
    (row,) = rows("out")
    assert (row["variant"], row["solver"], row["check"]) == ("cheapest", "none", "ok")
    assert int(row["objective"]) > 0
    assert row["code"].endswith(f"+{own_variant.digest_of(Path('cheapest.py').read_bytes())} heuristic")
    page = Path("out", "summary.md").read_text(encoding="utf-8")
    assert "| cheapest | 1 | - |" in page
    assert "Variant cheapest: a file of the user's own" in page
    written(example() + "\n# changed\n", "cheapest.py")
    assert call(["bench", "--instances", "my.json", "--variant", "cheapest.py", "-o", "out"]) == 2
    assert "'cheapest' is not the one that was measured before" in capfd.readouterr().err
    assert rows("out") == [row]


def test_an_exception_of_a_run_becomes_a_row_with_its_line(folder, capfd):
    written(HEAD + "def run(t, incumbent, task):\n    return 1 // 0, ''\n")
    assert call(["bench", "--instances", "my.json", "--variant", "mine.py", "-o", "out"]) == 0
    (row,) = rows("out")
    assert (row["variant"], row["termination"], row["check"]) == ("mine", "crash", "ok")
    assert row["message"].startswith("ZeroDivisionError: ")
    assert row["message"].endswith("mine.py, line 6)")
    assert (row["status"], row["objective"], row["gap"]) == ("none", "", "")  # no plan of ours in its row
    assert "| mine | 1 | - | 1 | 0 |" in Path("out", "summary.md").read_text(encoding="utf-8")


def test_a_bound_between_two_objectives_is_named_as_it_was_claimed(folder, capfd):
    """Objectives of the problem are multiples of 100, so that a bound of 50 is one of 0."""
    hundreds = tuple(dataclasses.replace(pair, weight=100 * pair.weight) for pair in LATTICE.pairs)
    save(LATTICE.replace(pairs=hundreds), "my.json")
    claims = "def run(t, incumbent, task):\n    incumbent.bound(50.0, 'mine')\n    return 'time', ''\n"
    written(HEAD.replace("proves=False", "proves=True") + claims)
    assert call(["bench", "--instances", "my.json", "--variant", "mine.py", "-o", "out"]) == 0
    (row,) = rows("out")
    assert "contradicts the solver's bound 50.0" in row["message"]
    assert float(row["gap"]) > 100
    assert "gap > 1000 %" in capfd.readouterr().err


def test_an_invalid_return_value_of_a_run_is_refused():
    for outcome in (None, "proof", ("done", ""), ("proof", 3)):
        with pytest.raises(TypeError, match="a run must return"):
            own_variant.checked_ending(outcome)
    assert own_variant.checked_ending(("proof", "")) == ("proof", "")


def test_a_false_bound_of_an_own_variant_is_refused(folder):
    path = written(
        HEAD.replace("proves=False", "proves=True")
        + "from optimiser.engine.methods.heuristics.greedy import greedy\n\n\n"
        + "def run(t, incumbent, task):\n    incumbent.plan(greedy(t), 'greedy')\n"
        + "    incumbent.bound(0.0, 'wishful')\n    return 'proof', ''\n"
    )
    with pytest.raises(SolveFailure, match="contradicts the solver's bound") as caught:
        solve(LATTICE, variant=path, params=SolveParameters(time_limit_s=20.0))
    assert (caught.value.result.variant, caught.value.result.termination) == ("mine", "refused")


@pytest.mark.parametrize("wait", thinned(["import time; time.sleep(600)", "while True: pass"], 1))
def test_an_own_variant_that_hangs_costs_its_limit_and_two_seconds_and_keeps_its_plan(wait, folder):
    """It is not tried out before the clock starts either; the problem is large enough for a warm-up."""
    problem = grid(GridParameters(rows=5, columns=5, candidates=25, pairs=100))
    hang = "def run(t, incumbent, task):\n    incumbent.plan(greedy(t), 'greedy')\n    " + wait
    greedy = "from optimiser.engine.methods.heuristics.greedy import greedy\n\n\n"
    seconds = []
    with ChildProcess() as process:

        def run(task, receive, *, time_limit_s):
            begun = []

            def note(message):
                begun.append(time.monotonic())
                receive(message)

            ending = process(task, note, time_limit_s=time_limit_s)
            seconds.append(time.monotonic() - begun[0])
            return ending

        params = SolveParameters(time_limit_s=1.0, threads=1)
        result = solve(problem, variant=written(HEAD + greedy + hang), params=params, run=run)
    assert result.termination == "killed"
    assert result.status == "feasible"
    assert result.built
    assert seconds[0] < 1.0 + 2.0 + BUSY_S


def test_the_name_of_a_variant_is_never_run_as_a_file(folder):
    written(HEAD + RUN)
    with pytest.raises(ProblemError, match=r"there is no variant 'mine\.py'"):
        solve(LATTICE, variant="mine.py")


@pytest.mark.parametrize(
    ("text", "line", "told"),
    [
        ("x = 1\ndef run(:\n", 2, "SyntaxError"),
        ("import math\nmath.nothing\n", 2, "AttributeError: module 'math' has no attribute 'nothing'"),
        ("import optimiser.absent\n", 1, "ModuleNotFoundError"),
        ("raise SystemExit(3)\n", 1, "SystemExit: 3"),
        (RUN, None, "there is no VARIANT in the file"),
        ("VARIANT = 3\n" + RUN, 1, "VARIANT is a int"),
        (HEAD, None, "there is no function run(t, incumbent, task)"),
        (HEAD + "def run(t):\n    return 'time', ''\n", 5, "run cannot be called as run(t, incumbent, task)"),
        (HEAD.replace("mine", "greedy") + RUN, 3, "there is already a variant 'greedy'"),
        (HEAD.replace('"mine"', '"../mine"') + RUN, 3, "'../mine' is not a valid name of a variant"),
        (HEAD.replace("proves=False", "proves=0") + RUN, 3, "proves of VARIANT must be True or False"),
        (HEAD.replace("proves", "solvers='highs', proves") + RUN, 3, "solvers of VARIANT must be a tuple"),
        (HEAD.replace("proves", "extended=('highs',), proves") + RUN, None, "run_extended(task, send)"),
    ],
)
def test_a_file_without_a_valid_variant_is_refused_with_its_line(folder, text, line, told, capfd):
    written(text)
    assert call(["bench", "--instances", "my.json", "--variant", "mine.py", "-o", "out"]) == 2
    err = capfd.readouterr().err
    assert told in err
    assert str(folder / "mine.py") + ("" if line is None else f", line {line}") + ": " in err
    assert "Nothing was solved." in err
    assert not Path("out").exists()


def test_a_missing_file_is_refused(folder, capfd):
    assert call(["bench", "--instances", "my.json", "--variant", "absent.py", "-o", "out"]) == 2
    told = "absent.py: the file of a variant cannot be read (No such file or directory)"
    assert told in capfd.readouterr().err


def test_a_file_name_without_its_suffix_gets_a_hint(folder):
    written(HEAD + RUN)
    with pytest.raises(ProblemError, match=r"no variant 'mine'; did you mean the file mine\.py"):
        configurations(["mine"], [])


def test_an_own_variant_may_name_its_solver(folder):
    written(HEAD.replace("proves", "solvers=('highs', 'scip'), proves") + RUN)
    found, notes, faults = configurations(["mine.py", "mine.py:scip"], [], check=lambda _name: None)
    assert [(one.variant, one.solver) for one in found] == [("mine", "highs"), ("mine", "scip")]
    assert found[0].label == "mine/highs"
    assert notes == faults == ()


def test_two_variants_of_one_name_are_refused(folder):
    written(HEAD + RUN)
    written(HEAD + RUN + "\n", "other.py")
    with pytest.raises(ProblemError, match="two variants have the name 'mine'"):
        configurations(["mine.py", "other.py"], [])


def test_a_changed_file_is_loaded_again(folder):
    first = own(written(HEAD + RUN))
    second = own(written(HEAD.replace("Mine.", "Mime.") + RUN))
    assert (first.variant.about, second.variant.about) == ("Mine.", "Mime.")
    assert first.digest != second.digest
    assert isinstance(Configuration("mine", "none", second).capabilities, type(first.variant))
