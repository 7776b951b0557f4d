"""Check which changes the mutation tests make, and how they are counted."""

from __future__ import annotations

import json

import pytest

from tools import checker_mutants, mutants, mutations
from tools.mutants import Outcome
from tools.mutations import Mutant


def changed(text):
    """Return the text under every mutant of it."""
    return [m.applied(text.encode()).decode() for m in mutations.mutants_of("a.py", text)]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("a < b", ["(a <= b)"]),
        ("a == b", ["(a != b)"]),
        ("a + b", ["(a - b)"]),
        ("a // b", ["(a * b)"]),
        ("a and b", ["(a or b)"]),
        ("not a", ["(a)"]),
        ("-a", ["(a)"]),
        ("7", ["(6)", "(8)"]),
        ("0", ["(1)"]),
        ("0.5", ["(1.0)"]),
        ("True", ["(False)"]),
        ("min(a, b)", ["(max)(a, b)"]),
        ("found.any()", ["(found.all)()"]),
        ("b if a else c", ["b if (not (a)) else c"]),
        ("'a' + 'b'", []),
        ("f'{a + 1}'", []),
        ("zip(a, b, strict=True)", []),
    ],
)
def test_an_expression_is_changed_in_each_way_that_may_matter(before, after):
    assert changed(f"x = {before}\n") == [f"x = {one}\n" for one in after]


@pytest.mark.parametrize(
    "text",
    [
        "x: int = y\n",
        "def f(x: list[1]) -> 2: pass\n",
        '"""Text of 3."""\n',
        "type T = tuple[4]\n",
        "@d(5)\nclass C: pass\n",
    ],
)
def test_types_decorators_and_docstrings_stay(text):
    assert changed(text) == []


@pytest.mark.parametrize(
    "statement", ["lp.add(row)", "total += x", "found[k] = x", "yield x", "raise E(1)", "continue"]
)
def test_a_statement_that_acts_on_something_is_left_out(statement):
    text = f"def f():\n    for x in y:\n        {statement}\n"
    assert changed(text)[0] == "def f():\n    for x in y:\n        pass\n"


def test_a_mutant_knows_its_place_beyond_letters_of_several_bytes():
    text = 'def f(a):\n    return "é", [a + 1 for b in a]\n'
    first, *_ = mutations.mutants_of("a.py", text)
    assert (first.function, first.line, first.before, first.after) == ("f", 2, "a + 1", "(a - 1)")
    assert first.applied(text.encode()).decode() == text.replace("a + 1", "(a - 1)")
    assert first.is_in_function


def test_what_runs_at_import_is_in_no_function():
    text = "A = 3\nclass C:\n    b = 4\n    def f(self):\n        return 5\n"
    found = {(m.function, m.before, m.is_in_function) for m in mutations.mutants_of("a.py", text)}
    assert found == {("", "3", False), ("C", "4", False), ("C.f", "5", True)}


def test_a_seed_draws_the_same_places_each_time_and_no_place_twice():
    one, same, other, fewer = (
        mutants.drawn("optimiser/verify", count, seed) for count, seed in ((30, 1), (30, 1), (30, 2), (9, 1))
    )
    assert one == same != other
    assert len({(m.path, m.start) for m in one}) == 30
    assert one[:9] == fewer


@pytest.mark.parametrize(
    ("path", "near"),
    [
        ("optimiser/verify/plan.py", "tests/verify"),
        ("optimiser/engine/methods/benders/master.py", "tests/engine/methods"),
        ("networks/osm/blocks.py", "tests/networks"),
    ],
)
def test_the_tests_near_a_module_are_in_the_folder_of_its_name_or_around(path, near):
    assert mutants.tests_near(path) == near


def test_every_folder_with_modules_can_be_mutated():
    root = mutants.ROOT
    modules = {path for files in mutants.FOLDERS.values() for path in files}
    assert modules == {
        path
        for top in ("networks", "optimiser")
        for path in (root / top).rglob("*.py")
        if path.name != "__init__.py"
    }


RECORDED = {
    "calls": {
        "optimiser/verify/plan.py f": [
            "tests/cli/test_a.py::x",
            "tests/verify/test_p.py::x",
            "tests/verify/test_q.py::x",
        ],
        "optimiser/verify/plan.py g": ["tests/cli/test_b.py::y"],
    },
    "seconds": {
        "tests/verify/test_p.py::x": 3.0,
        "tests/verify/test_q.py::x": 2.0,
        "tests/verify/test_r.py::x": 1.0,
        "tests/cli/test_a.py::x": mutants.OTHER_S,
        "tests/cli/test_b.py::y": 1.0,
    },
}


class FakeTree:
    """Notes what it is asked to run, and answers what it is told to."""

    def __init__(self, *answers):
        self.answers, self.asked = list(answers), []

    def write(self, path, content):
        self.asked.append(content == (mutants.ROOT / path).read_bytes())

    def first_failure(self, task, _limit_s):
        self.asked.append((task.get("tier", "first"), list(task.get("tests", task["paths"]))))
        return self.answers.pop(0), "a test", {}


def bench(folder, *answers):
    calls = folder / "calls.json"
    calls.write_text(json.dumps(RECORDED), encoding="utf-8")
    return mutants.Bench(FakeTree(*answers), calls)


def mutant_in(function, *, is_in_function=True):
    return Mutant("optimiser/verify/plan.py", function, 1, 1, "a", "b", 0, 1, is_in_function=is_in_function)


@pytest.mark.parametrize(
    ("mutant", "near", "others"),
    [
        (mutant_in("f"), ["test_q.py::x", "test_p.py::x"], ["test_a.py::x"]),
        # Of the others, those are asked that take a quarter of a minute, the shortest first.
        (
            mutant_in("", is_in_function=False),
            ["test_q.py::x", "test_p.py::x", "test_r.py::x"],
            ["test_b.py::y"],
        ),
        (mutant_in("h"), [], []),
    ],
)
def test_a_mutant_is_shown_to_the_tests_that_call_it_near_ones_first(mutant, near, others, tmp_path):
    found = bench(tmp_path).tests_of(mutant)
    assert found == ([f"tests/verify/{one}" for one in near], [f"tests/cli/{one}" for one in others])


def test_a_mutant_of_a_module_that_no_test_calls_is_shown_to_all_near_tests(tmp_path):
    mutant = Mutant("optimiser/verify/new.py", "", 1, 1, "a", "b", 0, 1, is_in_function=False)
    near, others = bench(tmp_path).tests_of(mutant)
    assert (len(near), others) == (3, [])


FIRST_NEAR = ("first", ["tests/verify/test_q.py::x", "tests/verify/test_p.py::x"])
FIRST_OTHERS = ("first", ["tests/cli/test_a.py::x"])
LONG = ("long", ["tests/verify/test_p.py", "tests/verify/test_q.py"])


@pytest.mark.parametrize(
    ("answers", "asked", "state", "tier"),
    [
        (["killed"], [FIRST_NEAR], "killed", "first"),
        (["timed out"], [FIRST_NEAR], "timed out", "first"),
        (["survived", "killed"], [FIRST_NEAR, FIRST_OTHERS], "killed", "first"),
        (["survived", "survived", "killed"], [FIRST_NEAR, FIRST_OTHERS, LONG], "killed", "long"),
        (["survived", "survived", "survived"], [FIRST_NEAR, FIRST_OTHERS, LONG], "survived", ""),
        # A long tier that does not end in time has noticed nothing.
        (["survived", "survived", "timed out"], [FIRST_NEAR, FIRST_OTHERS, LONG], "survived", ""),
    ],
)
def test_the_long_tier_is_asked_where_the_first_notices_nothing(answers, asked, state, tier, tmp_path):
    found = bench(tmp_path, *answers)
    outcome = found.outcome(mutant_in("f"), None)
    assert found.tree.asked == [False, *asked, True]
    assert (outcome.state, outcome.tier) == (state, tier)


def test_equivalent_mutants_are_left_out_of_the_share(tmp_path):
    states = [("killed", "first")] * 7 + [("killed", "long"), ("timed out", "first"), ("survived", "")]
    some = [Outcome(mutant_in("f"), state, tier, "", 1.0) for state, tier in states]
    some += [bench(tmp_path).outcome(mutant_in("f"), "a reason")] * 2
    rows = mutants.table({"optimiser/verify": some}).splitlines()
    assert rows[-2] == "| optimiser/verify | 12 | 2 | 9 | 8 | 1 | 90% |"
    assert rows[-1] == "| all | 12 | 2 | 9 | 8 | 1 | 90% |"


def test_every_listed_mutant_still_stands_in_its_source():
    keys = {}
    for path, function, before, after in mutants.reasons():
        if path not in keys:
            text = (mutants.ROOT / path).read_text(encoding="utf-8")
            is_checker = path in checker_mutants.PATHS.values()
            every = checker_mutants.every_mutant(path) if is_checker else mutations.mutants_of(path, text)
            keys[path] = {mutants.key_of(mutant) for mutant in every}
        assert (path, function, before, after) in keys[path], before
