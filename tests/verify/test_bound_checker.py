"""The stand-alone checker accepts what holds, refuses what does not, and needs Python alone."""

from __future__ import annotations

import ast
import dataclasses
import itertools
import json
import random
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from core_drawing import brute_force, covered_by, dense_problem
from forged_certificates import HEAD, SUM_THAT_IS_NAN, WHOLE_FRACTION, full_documents, leaf, proof, two_links
from hypothesis import given
from hypothesis import strategies as st
from label_drawing import enabling_paths, open_problems
from partition_drawing import triangle
from problem_files import as_json
from ring_drawing import (
    different_choices,
    open_in,
    ring_problem,
    ringed,
    square,
    starts_of,
    undemanding,
    web_problem,
    whole_value,
)
from tiers import examples, thinned

from optimiser.problem import Pair, Period
from optimiser.verify import bound_checker
from optimiser.verify.bound_checker import Model, Refused, check, every_path_costs

FILE = Path(bound_checker.__file__)


def check_bound(raw, proof):
    return bound_checker.check_bound(Model(raw), proof)


A_NEEDS_AB = {"time": "y0000001", "unit": 1, "prices": {"x0000001": 1}}
A_NEEDS_BC = {"time": "y0000001", "unit": 1, "prices": {"x0000002": 1}}
BUDGET = {"model": "budget"}


def test_the_file_imports_the_standard_library_alone_and_is_short_enough_to_audit():
    tree = ast.parse(FILE.read_text(encoding="utf-8"))
    names = [alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names]
    names += [node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    assert {name.split(".")[0] for name in names} <= set(sys.stdlib_module_names)
    assert len(FILE.read_text(encoding="utf-8").splitlines()) <= 650


def test_a_copy_of_the_file_runs_anywhere(tmp_path):
    shutil.copyfile(FILE, tmp_path / "check.py")
    problem = as_json(two_links())
    (tmp_path / "p.json").write_text(json.dumps(problem))
    evidence = {"built": [{"id": "ab", "cost": 3}], "cost": 3, "coverage": 2}
    tree = [["x0000001", 1, 2], leaf((0, 5)), leaf((1, 3), (2, 5))]
    certificate = {**HEAD, **evidence, "bound": proof([A_NEEDS_AB, BUDGET, A_NEEDS_BC], tree, 4)}
    (tmp_path / "c.json").write_text(json.dumps(certificate))

    def run(*words):
        command = [sys.executable, "-I", str(tmp_path / "check.py"), "p.json", "c.json", *words]
        return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)

    first = run()
    assert (first.returncode, first.stderr) == (0, "")
    assert first.stdout.startswith(
        "OK: the plan holds, its objective is 2; no plan is better than 4: a gap of 100 %"
    )
    strict = run("--gap", "0.1")
    assert strict.returncode == 1
    assert strict.stdout.startswith("REFUSED: ")


def test_the_bound_of_a_leaf_is_exact():
    # The objective is 5 y1 + 2 y2; the budget row is x1 + x2 <= 1 after division by 3 and rounding.
    raw = as_json(two_links())
    assert check_bound(raw, proof([], [leaf()], 7)) == 7
    rows = [A_NEEDS_AB, A_NEEDS_BC, BUDGET]
    # 5 y1 <= 2.5 (x1 + x2) <= 2.5, so that the objective is at most 4.5.
    assert check_bound(raw, proof(rows, [leaf((0, 5), (1, 5), (2, 5))], 4, bits=1)) == 4
    # Without x1, y1 = 0; with x1, there is no money for x2.
    split = [["x0000001", 1, 2], leaf((0, 5)), leaf((1, 5), (2, 5))]
    assert check_bound(raw, proof(rows, split, 2)) == 2


def test_a_leaf_without_plans_is_proved_by_multipliers_alone():
    raw = as_json(two_links(budget=None, cover="all"))
    # Every pair must be covered: y1 = 1 <= x1, so that nothing is left where x1 = 0.
    split = [["x0000001", 1, 2], leaf((0, 1), objective=0), leaf((1, 3))]
    assert check_bound(raw, proof([A_NEEDS_AB, A_NEEDS_BC], split, 6)) == 6
    with pytest.raises(Refused, match="empty"):
        check_bound(raw, proof([A_NEEDS_AB], [["x0000001", 1, 2], leaf(objective=0), leaf()], 6))


@pytest.mark.parametrize(
    ("rows", "tree", "text"),
    [
        ([A_NEEDS_AB], [leaf((0, -5))], "negative"),
        ([A_NEEDS_AB], [leaf((1, 5))], "names no row"),
        ([A_NEEDS_AB], [leaf((0, 0.5))], r"multipliers\.0\.1 is not long"),
        ([A_NEEDS_AB], [leaf((0, True))], r"multipliers\.0\.1 is not long"),
        ([], [leaf(objective=2)], "objective"),
        ([], [["x0000009", 1, 2], leaf(), leaf()], "no variable"),
        ([], [["x0000001", 1, 1], leaf()], "no tree"),
        ([], [["x0000001", 1, 0], leaf()], "no tree"),
        ([], [["x0000001", 1, 7], leaf()], "no tree"),
        ([], [["x0000001", 1, -1], leaf()], "no tree"),
        ([{"model": "budget_2"}], [leaf()], "no row"),
        ([{"time": "y0000009", "unit": 1, "prices": {}}], [leaf()], "no pair"),
        ([{"time": "y0000001", "unit": 0, "prices": {}}], [leaf()], "price"),
        ([{"time": "y0000001", "unit": 1, "prices": {"x0000001": -1}}], [leaf()], "price"),
        ([{"time": "y0000001", "unit": 1, "prices": {"y0000002": 1}}], [leaf()], "price"),
        ([{"time": "y0000001", "unit": 2, "prices": {"x0000001": 1}}], [leaf()], "costs less"),
        ([{"time": "y0000002", "unit": 1, "prices": {"x0000002": 1}}], [leaf()], "costs less"),
    ],
)
def test_what_proves_nothing_is_refused(rows, tree, text):
    with pytest.raises(Refused, match=text):
        check_bound(as_json(two_links()), proof(rows, tree, 0))


def test_precision_ends_at_4096_bits():
    assert check_bound(as_json(two_links()), proof([], [leaf()], 7, bits=4096)) == 7


@pytest.mark.parametrize(("draw", "seed"), [*((ring_problem, s) for s in range(10)), (web_problem, 1)])
def test_a_plan_with_rings_and_periods_passes_exactly_if_it_keeps_the_rules(draw, seed):
    problem = draw(seed)
    raw, chance = as_json(problem), random.Random(seed)  # noqa: S311 - chance for drawings, no secret
    names = sorted(problem.index)
    sets = [set(one) for size in range(len(names) + 1) for one in itertools.combinations(names, size)]
    for built in chance.sample(sets, min(12, len(sets))):
        for starts in list(starts_of(problem, built))[:4]:
            final = open_in(problem, starts, len(problem.periods) - 1) if problem.periods else built
            for circuits in list(different_choices(problem, final))[:4]:
                covered = covered_by(problem, final)
                evidence = {
                    "built": [{"id": name} for name in built],
                    "cost": problem.cost_of(built),
                    "coverage": sum(p.weight for p, yes in zip(problem.pairs, covered, strict=True) if yes),
                    "rings": [{"id": name, "links": list(links)} for name, links in circuits.items()],
                    **({"starts": dict(starts)} if problem.periods else {}),
                }
                try:
                    value = bound_checker.check_plan(Model(raw), evidence)
                except Refused:
                    value = None
                assert value == whole_value(problem, built, circuits, starts)


def test_what_another_needs_opens_no_later_whatever_their_leads():
    candidates = two_links().candidates
    slow = (dataclasses.replace(candidates[0], lead=1), candidates[1])
    periods = tuple(Period(f"p{t}", 2, 1) for t in range(3))
    problem = two_links(candidates=slow, budget=6, periods=periods, requires=(("ab", "bc"),))
    rows = Model(as_json(problem)).rows
    for u in range(3):
        # Started by u, ab is open a period later, and by then bc must be started.
        started = {f"x0000001_{t + 1}": 1 for t in range(u + 1)}
        needed = {f"x0000002_{t + 1}": -1 for t in range(min(3, u + 2))}
        assert rows[f"require_0000001_{u + 1}"] == ({**started, **needed}, 0, False, 1)
    assert rows["open_0000001_1"][0] == {"o0000001_1": 1}
    assert rows["open_0000001_3"][0] == {"o0000001_3": 1, "x0000001_1": -1, "x0000001_2": -1}
    assert [rows[f"budget_00{t}"][1] for t in (1, 2, 3)] == [0, 1, 2]


def test_a_pair_can_use_the_arcs_on_walks_within_its_limit_and_no_others():
    net = Model(as_json(two_links(pairs=(Pair(0, 2, 20, 5), Pair(0, 2, 19, 5), Pair(0, 1, 10, 2)))))
    assert {arc[:2] for arc in net.usable(0)} == {(0, 1), (1, 2)}
    assert net.usable(1) == []
    assert {arc[:2] for arc in net.usable(2)} == {(0, 1)}


def test_a_partition_needs_a_forest_and_parts_that_nothing_joins():
    raw = as_json(triangle())
    nodes = list(range(len(raw["nodes"])))
    row = {"partition": ["y0000001", "y0000002"], "parts": nodes}
    model = Model(raw)
    terms, right, is_equation, unit = bound_checker.partition_row(model, row)
    assert (right, is_equation, unit) == (0, False, 1)
    assert {v: f for v, f in terms.items() if v[0] == "y"} == {"y0000001": 1, "y0000002": 1}
    assert all(f == -1 for v, f in terms.items() if v[0] == "x")
    with pytest.raises(Refused, match="forest"):
        bound_checker.partition_row(model, {**row, "parts": [0] * len(nodes)})
    with pytest.raises(Refused, match="no part"):
        bound_checker.partition_row(model, {**row, "parts": nodes[:-1]})
    joined = {**raw, "arcs": [[0, 1, 1]]}
    with pytest.raises(Refused, match="existing arc"):
        bound_checker.partition_row(Model(joined), row)


@pytest.mark.parametrize("bits", [-1, 4097, 10**9, 1.5, None])
def test_a_denominator_that_is_none_is_refused(bits):
    with pytest.raises(Refused, match="denominator_bits"):
        check_bound(as_json(two_links()), proof([], [leaf()], 7, bits=bits))


def test_files_that_are_no_certificates_are_refused(tmp_path, capsys):
    problem = tmp_path / "p.json"
    problem.write_text(json.dumps(as_json(two_links())))
    for text in (
        "",
        "[]",
        "{",
        '{"bound": 3}',
        '{"bound": {"rows": 1}}',
        "[" * 100_000,
        '{"built": [{"id": "zz"}]}',
    ):
        (tmp_path / "c.json").write_text(text)
        assert bound_checker.main([str(problem), str(tmp_path / "c.json")]) == 1, text
        assert capsys.readouterr().out.startswith("REFUSED: ")
    assert bound_checker.main([str(problem), str(tmp_path / "gone.json")]) == 1
    assert bound_checker.main([str(problem)]) == 1


@pytest.mark.parametrize(
    ("asked", "code", "said"),
    [
        ([], 0, "OK: the plan holds, its objective is 0; no plan is better than 7: a gap of 700 %"),
        (
            ["--gap", "7"],
            0,
            "OK: the plan holds, its objective is 0; no plan is better than 7: a gap of 700 %",
        ),
        (["--gap", "6.9"], 1, "REFUSED: the plan holds, its objective is 0; no plan is better than 7"),
        (["--gap", "a lot"], 1, "REFUSED: could not convert string to float: 'a lot'"),
    ],
)
def test_a_gap_may_be_asked_for_on_the_command_line(tmp_path, capsys, asked, code, said):
    problem, certificate = tmp_path / "p.json", tmp_path / "c.json"
    problem.write_text(json.dumps(as_json(two_links())))
    shown = {**HEAD, "built": [], "cost": 0, "coverage": 0, "bound": proof([], [leaf()], 7)}
    certificate.write_text(json.dumps(shown))
    arguments = [str(problem), str(certificate), *asked]
    assert bound_checker.main(arguments) == code
    assert capsys.readouterr().out.startswith(said)
    del shown["bound"]
    certificate.write_text(json.dumps(shown))
    arguments = [str(problem), str(certificate), *asked]
    assert bound_checker.main(arguments) == (1 if asked else 0)
    assert ("a lot" if "a lot" in asked else "no bound is shown") in capsys.readouterr().out


FORGED = {
    "a whole fraction": WHOLE_FRACTION,
    "a sum that is nan": SUM_THAT_IS_NAN,
    "a truth value": [leaf(objective=True)],
    "a text": [leaf(objective="1")],
    "a list": [leaf(objective=[1])],
}


@pytest.mark.parametrize("tree", FORGED.values(), ids=FORGED)
def test_a_number_that_is_no_integer_proves_nothing(tree):
    raw = as_json(two_links(pairs=(Pair(0, 1, 10, 5),)))
    evidence = {**HEAD, "built": [], "cost": 0, "coverage": 0}
    for claimed in (0, 5, None):
        with pytest.raises(Refused, match="objective is not int"):
            check(raw, {**evidence, "bound": proof([A_NEEDS_AB], tree, claimed)})
    # As integers, the same leaves prove what is true: money suffices for the link.
    if tree is FORGED["a whole fraction"]:
        whole = [*tree[:-1], leaf((0, 2**60))]
        assert check_bound(raw, proof([A_NEEDS_AB], whole, 5)) == 5


def changed(document, place, value):
    """A deep copy of a document with another value at a place."""
    copy = json.loads(json.dumps(document))
    inner = copy
    for key in place[:-1]:
        inner = inner[key]
    inner[place[-1]] = value
    return copy


def places(document, before=()):
    """The place of every value in a document that is no list and no object."""
    for key, value in document.items() if isinstance(document, dict) else enumerate(document):
        if isinstance(value, dict | list):
            yield from places(value, (*before, key))
        else:
            yield (*before, key)


def value_at(document, place):
    for key in place:
        document = document[key]
    return document


@pytest.mark.parametrize("which", [0, 1], ids=["problem", "certificate"])
def test_every_value_of_both_documents_has_its_type_checked(which):
    documents = full_documents()
    shape = ("problem", "certificate")[which]

    def admit(document):
        faults = [bound_checker.departure(document, "problem", shape)]
        if which:
            faults = [
                bound_checker.departure({k: v for k, v in document.items() if k != "bound"}, "plan", shape)
            ]
            faults.append(bound_checker.departure(document["bound"], "proof", "bound"))
        for fault in filter(None, faults):
            raise Refused(fault)

    admit(documents[which])
    for place in places(documents[which]):
        value = value_at(documents[which], place)
        others = [1.5, float("nan"), [value], {"a": value}]
        others += [None] if value is not None and place[-1] not in ("budget", "candidate", "bound") else []
        others += [not value] if type(value) is not bool else [int(value)]
        others += [str(value), float(value), 2**15000] if type(value) is int else [7]
        for other in others:
            with pytest.raises(Refused):
                admit(changed(documents[which], place, other))
    for place in {place[:-1] for place in places(documents[which])}:
        inner = value_at(documents[which], place)
        is_free = place and place[-1] in ("starts", "prices", "use", "caps", "least_by_group")
        if isinstance(inner, dict) and not is_free:
            with pytest.raises(Refused, match="unknown"):
                admit(changed(documents[which], (*place, "another"), 1))


@pytest.mark.parametrize(
    "text",
    [
        '"built": [], "cost": 0, "cost": 0, "coverage": 0}',
        '"built": [], "cost": 0.0, "coverage": 0}',
        '"built": [], "cost": 0, "coverage": 0e0}',
        '"built": [], "cost": NaN, "coverage": 0}',
        '"built": [], "cost": 0, "coverage": -Infinity}',
        '"built": [], "cost": 0, "coverage": false}',
        '"built": [], "cost": 0, "coverage": 0, "bound": {"tree": ' + "[" * 50_000 + "]" * 50_000 + "}}",
    ],
)
def test_a_file_is_refused_at_the_door(tmp_path, capsys, text):
    (tmp_path / "p.json").write_text(json.dumps(as_json(two_links())))
    files = [str(tmp_path / "p.json"), str(tmp_path / "c.json")]
    begin = f'{{"format": "{bound_checker.FORMAT}", '
    (tmp_path / "c.json").write_text(begin + '"built": [], "cost": 0, "coverage": 0}')
    assert bound_checker.main(files) == 0
    (tmp_path / "c.json").write_text(begin + text)
    assert bound_checker.main(files) == 1
    assert capsys.readouterr().out.splitlines()[-1].startswith("REFUSED: ")


def test_a_file_that_never_ends_is_refused(monkeypatch, capsys):
    monkeypatch.setattr(bound_checker, "MOST_BYTES", 1000)
    assert bound_checker.main(["/dev/zero", "/dev/zero"]) == 1
    assert "larger than 1000 bytes" in capsys.readouterr().out


def test_a_search_that_takes_too_many_steps_is_given_up(monkeypatch):
    certificate = {**HEAD, "bound": proof([A_NEEDS_AB], [leaf((0, 5))], 7)}
    check(as_json(two_links()), certificate)
    monkeypatch.setattr(bound_checker, "MOST_STEPS", 0)
    with pytest.raises(Refused, match="not checked within 0 steps"):
        check(as_json(two_links()), certificate)


@pytest.mark.shared
@pytest.mark.parametrize("name", ["certificate_float", "smallest.certificate"])
def test_forged_certificates_are_refused(shared_dir, name, capsys):
    folder = shared_dir / "instances" / "forged"
    problem = folder / ("smallest.problem.json" if "smallest" in name else "problem.json")
    assert bound_checker.main([str(problem), str(folder / f"{name}.json")]) == 1
    assert "REFUSED" in capsys.readouterr().out
    # Nor does the library take it, which reads the file with any other reader.
    forged = json.loads((folder / f"{name}.json").read_text())
    with pytest.raises(Refused, match="it is no polyring-certificate/2: polyring certify writes one anew"):
        check(json.loads(problem.read_text()), {**forged, "format": "polyring-certificate/3"})
    with pytest.raises(Refused, match="objective is not int"):
        check(json.loads(problem.read_text()), {**forged, **HEAD})


def test_a_claim_that_the_tree_does_not_prove_is_refused():
    raw = as_json(two_links())
    with pytest.raises(Refused, match="not as claimed"):
        check(raw, {**HEAD, "bound": proof([], [leaf()], 6)})
    alone = check(raw, {**HEAD, "bound": proof([], [leaf()], 7)})
    assert alone == ("no plan is shown; no plan is better than 7", None)
    plan = {**HEAD, "built": [], "cost": 0, "coverage": 0}
    assert check(raw, {**plan, "bound": proof([], [leaf()], 7)})[1] == 7.0
    with pytest.raises(Refused, match="true: cost 0"):
        check(raw, {**plan, "coverage": 1})
    with pytest.raises(Refused, match="budget"):
        check(raw, {**HEAD, "built": [{"id": "ab"}, {"id": "bc"}], "cost": 6, "coverage": 7})


@given(open_problems(), st.data())
@examples(200)
def test_prices_are_compared_with_every_path(problem, data):
    # A path pays once for a candidate, however many of its arcs it takes.
    prices = {j: data.draw(st.integers(0, 4)) for j in range(len(problem.candidates))}
    net = Model(as_json(problem))
    for k, pair in enumerate(problem.pairs):
        least = min(sum(prices[j] for j in used) for _, used in enabling_paths(problem, pair))
        assert every_path_costs(net, k, prices, least)
        assert not every_path_costs(net, k, prices, least + 1)


@pytest.mark.parametrize("seed", thinned(range(40), 8))
def test_a_plan_passes_exactly_if_it_keeps_the_rules(seed):
    problem = dense_problem(seed)
    model, best = Model(as_json(problem)), brute_force(problem)
    names = sorted(problem.index)
    values = []
    for size in range(len(names) + 1):
        for built in itertools.combinations(names, size):
            cost = problem.cost_of(built)
            covered = model.covered({problem.index[name] for name in built})
            weight = sum(pair.weight for k, pair in enumerate(problem.pairs) if k in covered)
            evidence = {"built": [{"id": name} for name in built], "cost": cost, "coverage": weight}
            try:
                values.append(bound_checker.check_plan(model, evidence))
            except Refused:
                continue
        if size == 3 and seed % 8:
            return  # every size for a few, the small ones for all
    choose = min if problem.budget is None else max
    assert (choose(values) if values else None) == best


def test_the_plan_of_a_ring_needs_its_circuit():
    model, circuit = Model(as_json(ringed(square()))), [{"id": "square", "links": [0, 1, 2, 3]}]
    built = {"built": [{"id": "north"}, {"id": "west"}], "cost": 5, "coverage": 1}
    assert bound_checker.check_plan(model, {**built, "rings": circuit}) == 1
    for rings in ([], [{"id": "square", "links": [0, 1, 4]}]):
        with pytest.raises(Refused):
            bound_checker.check_plan(model, {**built, "rings": rings})
    unpaid = {"built": [{"id": "north"}], "cost": 2, "coverage": 1}
    with pytest.raises(Refused, match="use001"):
        bound_checker.check_plan(model, {**unpaid, "rings": circuit})


def test_a_reward_counts_in_each_period_in_which_the_ring_is_complete():
    periods = (Period("first", 5, 1), Period("second", 4, 1))
    raw = as_json(ringed(square(required=False, reward=5), budget=9, periods=periods))
    plan = {"built": [{"id": "north"}, {"id": "west"}], "cost": 5, "coverage": 1}
    plan["rings"] = [{"id": "square", "links": [0, 1, 2, 3]}]
    # One pair of weight 1 is covered in both periods.
    assert bound_checker.check_plan(Model(raw), {**plan, "starts": {"north": 0, "west": 0}}) == 12
    assert bound_checker.check_plan(Model(raw), {**plan, "starts": {"north": 0, "west": 1}}) == 7


def test_a_row_that_excludes_a_circuit_is_refused_where_it_may_be_the_ring():
    raw = as_json(ringed(square(centres=((1, 3),))))
    mend = {"mend": "001", "links": [0, 1, 2, 3]}
    with pytest.raises(Refused, match="may be the ring"):
        check_bound(raw, proof([mend], [leaf()], 10))
    # The triangle misses the town, so that its row holds; it says nothing about the objective.
    assert check_bound(raw, proof([{**mend, "links": [0, 1, 4]}], [leaf((0, 1))], 12)) == 12


def test_a_set_whose_circuit_winds_is_refused():
    raw = as_json(ringed(square()))
    row = {"leave": "001", "nodes": [0, 1, 2, 3], "potentials": [0, 0, 0, 0], "centre": 0, "node": 0}
    with pytest.raises(Refused, match="may be the ring"):
        check_bound(raw, proof([row], [leaf()], 10))
    # No link within two nodes of the south crosses the ray from the centre to the east.
    held = {**row, "nodes": [0, 1], "potentials": [0, 0]}
    # Two ways lead out of the set; each may add the multiplier to the largest objective, 10.
    assert check_bound(raw, proof([held], [leaf((0, 1))], 12)) == 12
    with pytest.raises(Refused, match="wrong"):
        check_bound(raw, proof([{**held, "node": 2}], [leaf()], 10))


def test_a_circuit_that_is_none_is_refused():
    model = Model(as_json(ringed(undemanding(square()))))
    (rows,) = model.rings
    with pytest.raises(Refused, match="round a circuit"):
        rows.point([0, 1])
    with pytest.raises(Refused, match="unknown link"):
        rows.point([99])


@pytest.mark.parametrize("seed", thinned(range(30), 6))
def test_random_multipliers_never_prove_too_much(seed):
    # Any multipliers of rows that hold give a bound that holds, however foolish they are.
    problem = dense_problem(seed)
    best = brute_force(problem)
    raw, chance = as_json(problem), random.Random(seed)  # noqa: S311 - chance for drawings, no secret
    names = list(Model(raw).rows)
    rows = [{"model": name} for name in names]
    for _ in range(5):
        multipliers = [(i, chance.randrange(0, 2**12)) for i in range(len(rows)) if chance.random() < 0.5]
        bound = check_bound(raw, proof(rows, [leaf(*multipliers)], None, bits=8))
        if best is not None:
            assert bound <= best if problem.budget is None else bound >= best


def test_a_second_centre_may_lie_on_either_side_of_the_direction_of_a_circuit():
    ring = dataclasses.replace(ringed().rings[0], centres=((2, 2), (3, 3)))
    rows = Model(as_json(ringed(rings=(ring,)))).rows
    for name, other in (("round001_001", {}), ("round001_002", {"q001_002": 2})):
        terms, least, is_equation, _ = rows[name]
        crossed = {f: value for f, value in terms.items() if value}
        assert (crossed, least, is_equation) == (
            {"fa001_000002": 1, "fb001_000002": -1, "r001": -1, **other}, 0, True
        )  # fmt: skip
    assert rows["turn001_002"][:3] == ({"q001_002": 1, "r001": -1}, 0, False)
