"""Results: their files, and the rounding of bounds."""

from __future__ import annotations

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from problem_files import validate

from optimiser.problem import result as results
from optimiser.problem.errors import ProblemError
from optimiser.problem.result import bound_tolerance, gap_of, rounded_bound

# ---- bounds


@pytest.mark.parametrize(
    ("bound", "minimise", "unit", "best"),
    [
        (18.999, False, 1, 18),
        (19.0 - 1e-8, False, 1, 19),
        (19.0 - 1e-5, False, 1, 18),
        (-0.5, False, 1, -1),
        (9.2, True, 1, 10),
        (9.0 + 1e-8, True, 1, 9),
        (9.0 + 1e-5, True, 1, 10),
        (29.0, False, 10, 20),
        (30.0 - 1e-6, False, 10, 30),
        (21.0, True, 10, 30),
        (20.0 + 1e-6, True, 10, 20),
        (5e12, False, 1, 5 * 10**12 + 5000),
        (5e12, False, 10**9, 5 * 10**12),
    ],
)
def test_a_bound_is_rounded_to_the_best_objective_that_it_allows(bound, minimise, unit, best):
    assert rounded_bound(bound, minimise=minimise, unit=unit) == best


@given(st.integers(-(10**15), 10**15), st.integers(1, 10**6), st.floats(-0.9, 0.9), st.booleans())
def test_noise_within_the_tolerance_never_cuts_off_an_objective(units, unit, noise, minimise):
    bound = unit * (units + noise * bound_tolerance(units))
    best = rounded_bound(bound, minimise=minimise, unit=unit)
    assert best % unit == 0
    assert best <= units * unit if minimise else best >= units * unit


def test_the_gap_uses_the_rounded_bound():
    assert gap_of(18, 18.999) == 0.0
    assert gap_of(18, 19.0 - 1e-8) == pytest.approx(1 / 18)
    assert gap_of(10, 9.2, minimise=True) == 0.0
    assert gap_of(10, 9.0 + 1e-8, minimise=True) == pytest.approx(0.1)
    assert gap_of(0, 3.0) == 3.0
    assert gap_of(5, None) is None


# ---- files


def test_a_result_is_saved_as_its_text_and_loaded_again(tmp_path):
    path = tmp_path / "sub" / "result.json"
    path.parent.mkdir()
    value = results.Result("p", "feasible", ("a",), 1, 2, 3, 4.5, 0.5, "cuts", 0.0, 1, 1, "s")
    results.save(value, path)
    assert path.read_text(encoding="utf-8") == results.dumps(value)
    assert results.load(str(path)) == value
    assert [one.name for one in path.parent.iterdir()] == ["result.json"]


@pytest.mark.parametrize("value", [[], "x", 3, None])
def test_a_result_is_an_object(value):
    with pytest.raises(ProblemError, match="the file does not hold an object"):
        results.parse(value)


@pytest.mark.parametrize("bound", [math.inf, math.nan])
def test_a_result_file_holds_finite_numbers_alone(bound):
    value = results.Result("p", "feasible", ("a",), 1, 2, 3, bound, None, "", 0.0, 1, 1, "")
    with pytest.raises(ValueError, match="not JSON compliant"):
        results.dumps(value)


def test_rings_and_starts_of_a_result_read_back_as_written():
    value = results.Result(
        "p", "feasible", ("a",), 1, 2, 3, None, None, "", 0.0, 1, 1, "", rings={"r": (2, 0)}, starts={"a": 1}
    )
    assert results.parse(json.loads(results.dumps(value))) == value
    validate(json.loads(results.dumps(value)), "result.schema.json")
    assert not {"rings", "starts"} & value.replace(rings={}, starts={}).as_dict().keys()


@pytest.mark.parametrize("termination", ["proof", "stalled", "interrupted", "killed"])
def test_the_published_schema_knows_how_a_solve_may_end(termination):
    value = results.Result("p", "none", (), 0, 0, 0, None, None, "", 0.0, 1, 1, "", termination=termination)
    validate(value.as_dict(), "result.schema.json")


@pytest.mark.parametrize(
    ("change", "answer"),
    [
        ({"rings": {}}, "rings: not a list"),
        ({"rings": [[]]}, r"rings\[0\]: not an object"),
        ({"rings": [{"id": "r"}]}, r"rings\[0\]: key 'links' is missing"),
        ({"rings": [{"id": "r", "links": [], "turns": 1}]}, r"rings\[0\]: unknown key 'turns'"),
        ({"rings": [{"id": 1, "links": []}]}, r"rings\[0\].id: 1 is not a string"),
        ({"rings": [{"id": "r", "links": [0, 1.5]}]}, r"rings\[0\].links: not a list of positions"),
        ({"rings": [{"id": "r", "links": "x"}]}, r"rings\[0\].links: not a list of positions"),
        ({"rings": [{"id": "r", "links": [-1]}]}, r"rings\[0\].links: not a list of positions"),
        ({"rings": [{"id": "r", "links": []}] * 2}, "'r' occurs twice"),
        ({"starts": []}, "starts: not an object"),
        ({"starts": {"a": 1.0}}, "starts.a: 1.0 is not a period"),
    ],
)
def test_a_result_with_malformed_rings_or_starts_is_rejected(change, answer):
    bare = {"format": "polyring-result/1", "problem": "p", "status": "feasible", "built": ["a"]}
    with pytest.raises(ProblemError, match=answer):
        results.parse({**bare, "cost": 1, "coverage": 2, "bound": None, **change})


# ---- whose word a bound is


@pytest.mark.parametrize(
    ("key", "kinds"), [("bound_source", results.BOUND_KINDS), ("infeasible_by", results.INFEASIBLE_KINDS)]
)
def test_sources_read_back_as_written_and_the_published_schema_knows_their_kinds(key, kinds):
    bare = results.Result("p", "feasible", ("a",), 1, 2, 3, 4.0, 0.5, "", 0.0, 1, 1, "")
    assert key not in bare.as_dict()
    for kind in kinds:
        value = bare.replace(**{key: results.ProofSource(kind, "cuts", "HiGHS 1")})
        assert results.parse(json.loads(results.dumps(value))) == value
        validate(value.as_dict() | {"built": ["a"]}, "result.schema.json")
        assert str(getattr(value, key)).endswith(", cuts with HiGHS 1")


@pytest.mark.parametrize(
    ("source", "answer"),
    [
        ([], "bound_source: not an object"),
        ({"kind": "search", "variant": ""}, "key 'solver' is missing"),
        ({"kind": "search", "variant": "", "solver": "", "who": ""}, "unknown key 'who'"),
        ({"kind": "search", "variant": 1, "solver": ""}, "bound_source.variant: 1 is not a string"),
        ({"kind": "oracle", "variant": "", "solver": ""}, "bound_source.kind: 'oracle' is none of trivial"),
        ({"kind": "argument", "variant": "", "solver": ""}, "'argument' is none of"),
        ({"kind": [], "variant": "", "solver": ""}, "kind: .* is none of"),
    ],
)
def test_a_malformed_source_is_rejected(source, answer):
    bare = {"format": "polyring-result/1", "problem": "p", "status": "feasible", "built": ["a"]}
    with pytest.raises(ProblemError, match=answer):
        results.parse({**bare, "cost": 1, "coverage": 2, "bound": 4, "bound_source": source})


def test_a_source_in_words_names_who_took_part():
    assert str(results.ProofSource("trivial")) == "sums of weights or costs"
    assert str(results.ProofSource("search", "cuts")) == "search, cuts"
    assert results.ProofSource("relaxation", "cuts", "SCIP 10").who == "cuts with SCIP 10"


# ---- what a result says


def ended(status, gap=None):
    return results.Result("p", status, (), 0, 0, 0, None, gap, "", 0.0, 1, 1, "")


@pytest.mark.parametrize(
    ("status", "gap", "has_plan", "proven"),
    [
        ("optimal", 0.0, True, True),
        ("feasible", 0.01, True, True),
        ("feasible", 0.011, True, False),
        ("feasible", None, True, False),
        ("infeasible", None, False, True),
        ("none", None, False, False),
        ("none", 0.0, False, False),
    ],
)
def test_a_result_is_proven_within_its_gap_or_infeasible(status, gap, has_plan, proven):
    assert (ended(status, gap).has_plan, ended(status, gap).is_proven(0.01)) == (has_plan, proven)


def test_a_bound_may_be_wrong_by_a_millionth_and_a_billionth_of_itself():
    assert bound_tolerance(0.0) == 1e-6
    assert bound_tolerance(-1e9) == bound_tolerance(1e9) == 1.000001


def test_a_reason_names_some_of_the_candidates_that_cannot_be_built_and_counts_the_others():
    barred = {f"c{k}": "is fixed out" for k in range(results.MOST_BARRED)}
    named = ", ".join(f"'c{k}' is fixed out" for k in range(results.MOST_BARRED))
    assert str(results.Reason("short")) == "short"
    assert str(results.Reason("short", barred=barred)) == f"short; not to be built: {named}"
    more = {**barred, "d": "x", "e": "y"}
    assert str(results.Reason("short", barred=more)) == f"short; not to be built: {named} and 2 more"
