"""Check which changes the mutation tests make, and how they are counted."""

from __future__ import annotations

import pytest

from tools import mutants, mutations
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
    one, same, other = (mutants.drawn("verify", 30, seed) for seed in (1, 1, 2))
    assert one == same != other
    assert len({(m.path, m.start) for m in one}) == 30


def test_every_package_has_sources_and_tests_that_are_there():
    for package in mutants.PACKAGES.values():
        assert mutants.sources_of(package)
        assert all((mutants.ROOT / name).exists() for name in (*package.tests, *package.without))


def test_equivalent_mutants_are_left_out_of_the_share():
    mutant = Mutant("a.py", "f", 1, 1, "a", "b", 0, 1, is_in_function=True)
    states = ["killed"] * 8 + ["timed out", "survived", "equivalent", "equivalent"]
    row = mutants.table({"rings": [Outcome(mutant, state, "", 1.0) for state in states]}).splitlines()[-1]
    assert row == "| rings | 12 | 8 | 1 | 1 | 2 | 90% |"


def test_every_listed_mutant_still_stands_in_its_source():
    for path, function, before, after in mutants.reasons():
        text = (mutants.ROOT / path).read_text(encoding="utf-8")
        keys = {mutants.key_of(mutant) for mutant in mutations.mutants_of(path, text)}
        assert (path, function, before, after) in keys, before
