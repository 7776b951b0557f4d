"""Tests of the second checker: tiny problems worked out by hand, and attacks on each rule."""

import copy
import itertools
import json
import math
import random
import re
import subprocess
import sys
from pathlib import Path

import pytest
from second_documents import (
    BREAKS,
    CHANGES,
    FAULTS,
    LEAVE,
    MADE,
    NOTHING,
    PATHS,
    PLAN,
    PLANS,
    PROOFS,
    ROWS,
    A,
    B,
    leaf,
    paid_once,
    paths,
    periods,
    proof,
    rewarded,
    ring,
    root,
    split,
    towns,
    two_centres,
    with_ring,
    with_rules,
)
from tiers import thinned

from optimiser.verify import second_checker as sc


def refused(problem, certificate, why=None):
    with pytest.raises(sc.Refused, match=why):
        sc.check(problem, certificate)


def model(problem):
    return sc.Model(sc.read_problem(problem))


def checked_row(made, entry):
    shown = proof(None, [entry], [leaf(0)])
    certificate = sc.read(sc.certificate_shape(made, shown), shown, "certificate")
    return sc.Proof(made, certificate.bound).rows[0]


# ---- Bounds ------------------------------------------------------------------------------------------------


def test_root_alone():
    sentence, gap = sc.check(towns(), root())
    assert sentence == "the plan holds, its objective is 2; no plan is better than 18: a gap of 800.00%"
    assert gap == 8.0


def test_split_with_an_empty_leaf():
    sentence, gap = sc.check(towns(), split())
    assert sentence.endswith("no plan is better than 7: a gap of 250.00%")
    assert gap == 2.5


def test_optimum_by_contradicted_leaves():
    """Both splits leave nothing: 2 of pair 2 alone. The third leaf contradicts a split above."""
    tree = [
        [A, 1, 2],
        [B, 3, 4],
        leaf(0, (0, 1)),
        [A, 5, 6],
        leaf(0, (0, 1)),
        leaf(1, (1, 10), (2, 7)),
        leaf(1),
    ]
    sentence, gap = sc.check(towns(), proof(2, ROWS, tree, **NOTHING))
    assert sentence.endswith("no plan is better than 2: a gap of 0.00%")
    assert gap == 0


def test_plan_alone_and_proof_alone():
    plan = {"format": "polyring-certificate/2", "problem": "three towns"} | NOTHING
    assert sc.check(towns(), plan) == ("the plan holds, its objective is 2; no bound is proved", None)
    alone = {key: value for key, value in root().items() if key not in NOTHING}
    assert sc.check(towns(), alone) == ("no plan is shown; no plan is better than 18", None)


def test_there_is_no_plan():
    problem = towns()
    problem["candidates"][0]["fixed"] = "in"
    certificate = proof(None, [{"model": "budget"}], [leaf(0, (0, 1))])
    assert sc.check(problem, certificate) == ("there is no plan", None)
    refused(problem, certificate | NOTHING, "bounds of x0000001")


def test_cost_is_minimised():
    """Pair 3 needs b-c, which brings pair 1 as well: 5. c = -5, -8 with g = 1."""
    tree = [leaf(1, (0, 5))]
    plan = {"built": [{"id": "b-c", "cost": 5}], "cost": 5, "coverage": 19}
    sentence, gap = sc.check(towns(budget=None), proof(5, ROWS[2:], tree, **plan))
    assert sentence == "the plan holds, its objective is 5; no plan is better than 5: a gap of 0.00%"
    assert gap == 0
    refused(towns(budget=None), proof(4, ROWS[2:], tree, **plan), "the bound that is proved is 5")
    refused(towns(budget=None), proof(5, ROWS[2:], tree, **NOTHING), "bounds of y0000001")


def test_objective_in_units_of_its_divisor():
    """Weights 10, 2 and 8: g = 2, so that 10 + 1/4 of unit 2 rounds down to a whole unit."""
    problem = towns()
    problem["pairs"][2]["weight"] = 8
    tree = [leaf(1, (0, 7), (1, 20), (2, 16))]  # x1: 36 - 35 = 1, x2: 20 - 56 < 0; S = 28 + 4 + 1 = 33 of 4
    assert "than 16" in sc.check(problem, proof(16, ROWS, tree, bits=2))[0]
    refused(problem, proof(17, ROWS, tree, bits=2), "proved is 16")


def test_units_are_brought_together():
    rows = [ROWS[0], ROWS[1] | {"unit": 2, "prices": {A: 2, B: 3}}, ROWS[2] | {"unit": 3, "prices": {A: 3}}]
    assert "than 18" in sc.check(towns(), proof(18, rows, root()["bound"]["tree"]))[0]


@pytest.mark.parametrize("name", BREAKS)
def test_attack_on_the_proof(name):
    certificate = root()
    change, why = BREAKS[name]
    change(certificate["bound"])
    refused(towns(), certificate, why)


def test_unreached_entries_do_not_count():
    certificate = root()
    certificate["bound"]["tree"] += [leaf(0), [A, 1, 2]]
    assert sc.check(towns(), certificate)[1] == 8.0


@pytest.mark.parametrize(("change", "why"), CHANGES)
def test_attack_on_the_certificate(change, why):
    refused(towns(), root() | change, why)


def test_keys_of_a_plan_need_a_plan():
    certificate = root()
    del certificate["built"]
    refused(towns(), certificate, "a proof nothing of it")
    refused(towns(), {"format": "polyring-certificate/2"}, "neither")
    refused(towns(), {"format": "polyring-certificate/2", "built": [], "cost": 0}, "coverage")


def test_a_plan_does_not_beat_the_bound():
    """Where the budget is 5, a proof of less than 19 cannot be had; forged by a plan of another budget."""
    refused(towns(budget=5), split() | {"built": [{"id": "b-c"}], "cost": 5, "coverage": 19}, "may hold")


def test_built_twice_and_its_cost():
    plan = {
        "format": "polyring-certificate/2",
        "built": [{"id": "b-c", "cost": 5}],
        "cost": 5,
        "coverage": 19,
    }
    assert "is 19" in sc.check(towns(budget=5), plan)[0]
    refused(towns(budget=5), plan | {"built": [{"id": "b-c", "cost": 4}]}, "cost, or")
    refused(towns(budget=10), plan | {"built": [{"id": "b-c"}] * 2, "cost": 10}, "twice")


@pytest.mark.parametrize(("position", "change", "why"), PATHS)
def test_paths(position, change, why):
    plan = {
        "format": "polyring-certificate/2",
        "built": [{"id": "b-c"}],
        "cost": 5,
        "coverage": 19,
        "paths": paths(),
    }
    assert sc.check(towns(budget=5), plan)
    plan["paths"][position] |= change
    refused(towns(budget=5), plan, why)
    refused(towns(budget=5), plan | {"paths": paths()[1:]}, "covered")


def test_cities():
    city = {"id": "C", "group": "g", "weight": 4, "pairs": [0, 2], "need": 2}
    problem = towns(cities=[city], budget=5)
    shown = {"id": "C", "weight": 4, "pairs": [2, 0]}
    plan = {"format": "polyring-certificate/2", "built": [{"id": "b-c"}], "cost": 5, "coverage": 19}
    assert "is 23" in sc.check(problem, plan | {"cities": [shown]})[0]
    refused(problem, plan | {"cities": [shown | {"weight": 5}]}, "weight or pairs of 'C'")
    refused(problem, plan | {"cities": [shown | {"pairs": [0, 1]}]}, "weight or pairs of 'C'")
    refused(problem, plan | {"cities": [shown | {"pairs": [0, 0]}]}, "weight or pairs of 'C'")
    refused(problem, plan | {"cities": [shown, shown]}, "twice")
    nothing = {"format": "polyring-certificate/2"} | NOTHING
    refused(problem, nothing | {"cities": [shown]}, "weight or pairs of 'C'")


# ---- Rows --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("problem", "entry", "expected"), MADE)
def test_row(problem, entry, expected):
    """A row with its terms, names without leading zeros; None: there is none, or its evidence is refused."""
    made = model(problem())
    entry = {"model": entry} if isinstance(entry, str) else entry
    if expected is None:
        with pytest.raises(sc.Refused):
            checked_row(made, entry)
        return
    terms, most, is_equation, _ = checked_row(made, entry)
    shown = [f"{factor:+} {re.sub('(?<=[a-z_])0+', '', name)}" for name, factor in terms.items() if factor]
    words = " ".join(sorted(shown, key=lambda term: term.split()[1]))
    wanted = re.findall(r"[+-]\d+ \w+|<?= ?-?\d+", expected)
    assert sorted(wanted) == sorted([*shown, f"{'=' if is_equation else '<='} {most}"]), words


def test_variables():
    assert model(with_rules()).variables["y0000001"] == (0, 1, 10)
    assert model(with_rules()).variables["y0000002"] == (1, 1, 2)
    ringed = model(two_centres()).variables
    assert ("fa001_000005" in ringed, "q001_001" in ringed, "q001_002" in ringed) == (False, False, True)
    assert "rt001_002" not in model(rewarded()).variables


@pytest.mark.parametrize("name", PLANS)
def test_plan(name):
    problem, change, words = PLANS[name]
    if words.endswith(";"):
        assert words in sc.check(problem(), PLAN | change)[0]
    else:
        refused(problem(), PLAN | change, words)


@pytest.mark.parametrize(("multiplier", "correction"), [(34, []), (40, [[0, -6]])])
def test_bound_with_periods(multiplier, correction):
    """Pairs 1 and 3 have no cover in period 1: b-c opens later, a-c costs 8. Equations may have any sign."""
    rows = [{"model": name} for name in ("open_0000001_1", "open_0000002_1", "budget_001")]
    rows += [
        {"time": "y0000001_1", "unit": 1, "prices": {"o0000001_1": 1, "o0000002_1": 1}},
        {"time": "y0000003_1", "unit": 1, "prices": {"o0000001_1": 1}},
        {"model": "require_0000001_1"},
    ]
    tree = [leaf(1, (0, multiplier), (1, 20), (3, 20), (4, 14), (5, 20), *correction)]
    certificate = proof(23, rows, tree, **PLAN, starts={"b-c": 0})
    assert "than 23: a gap of 0.00%" in sc.check(periods(), certificate)[0]


def test_links_through_a_corner_and_windings():
    assert sc.crossings([[0, 0], [2, 2], [5, 2]], [2, 2]) is sc.crossings([[0, 0], [4, 2]], [2, 1]) is None
    assert sc.crossings([[0, 0], [4, 2]], [6, 3]) == 0
    square = [[-1, -1], [1, -1], [1, 1], [-1, 1], [-1, -1]]
    assert sc.crossings(square, [0, 0]) == 1
    assert sc.crossings(square[::-1], [0, 0]) == -1
    assert sc.crossings(square, [2, 0]) == 0
    assert sc.crossings(square, [-2, 0]) == 0
    assert sc.crossings([[0, -1], [1, 0], [0, 1], [-1, 0], [0, -1]], [0, 0]) == 1


# ---- Problems and documents --------------------------------------------------------------------------------


@pytest.mark.parametrize("change", FAULTS)
def test_problem_is_refused(change):
    problem = towns()
    change(problem)
    with pytest.raises(sc.Refused):
        sc.read_problem(problem)


@pytest.mark.parametrize("name", PROOFS)
def test_proof(name):
    problem, certificate, words = PROOFS[name]
    if words is None:
        refused(problem(), certificate)
    else:
        assert sc.check(problem(), certificate)[0].endswith(words)


TEXTS = {
    "duplicate key": '{"format": "polyring-certificate/2", "format": "polyring-certificate/2"}',
    "exponent": '{"format": 1e999999999}',
    "fraction": '{"format": 1.0}',
    "NaN": '{"format": NaN}',
    "infinity": '{"format": -Infinity}',
    "digits": '{"format": ' + "9" * 5000 + "}",
    "deep": "[" * 1_000_000,
    "deep and whole": "[" * 200_000 + "]" * 200_000,
    "truncated": '{"format": ',
    "two documents": "{} {}",
    "byte order mark": "\ufeff{}",
    "list": "[]",
    "empty": "",
}


UNREADABLE = {"digits", "deep", "truncated", "two documents", "byte order mark", "empty"}


@pytest.mark.parametrize("name", TEXTS)
def test_text_is_refused(name, tmp_path, capsys):
    (tmp_path / "problem.json").write_text(json.dumps(towns()), encoding="utf-8")
    (tmp_path / "certificate.json").write_text(TEXTS[name], encoding="utf-8")
    assert sc.main([str(tmp_path / "problem.json"), str(tmp_path / "certificate.json")]) == 1
    printed = capsys.readouterr().out
    assert printed.startswith("REFUSED: ")
    assert printed.count("\n") == 1
    assert name not in UNREADABLE or "cannot be read as JSON" in printed


def test_command(tmp_path):
    problem, certificate = tmp_path / "problem.json", tmp_path / "certificate.json"
    problem.write_text(json.dumps(towns()), encoding="utf-8")
    certificate.write_text(json.dumps(split()), encoding="utf-8")

    def run(*arguments):
        command = [sys.executable, str(Path(sc.__file__)), *map(str, arguments)]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    done = run(problem, certificate)
    assert (done.returncode, done.stderr) == (0, "")
    assert (
        done.stdout == "OK: the plan holds, its objective is 2; no plan is better than 7: a gap of 250.00%\n"
    )
    assert run(problem, certificate, "--gap", "2.5").returncode == 0
    assert run(problem, certificate, "--gap", "2.49").stdout.startswith("REFUSED: the gap")
    for broken in (tmp_path, tmp_path / "none.json"):
        done = run(problem, broken)
        assert done.returncode == 1
        assert done.stdout.startswith("REFUSED: ")
        assert done.stderr == ""
    certificate.write_bytes(b'{"a": "\xff"}')
    assert run(problem, certificate).stdout.startswith("REFUSED: ")
    certificate.write_text('{"a\\ud800\\n": 1}', encoding="utf-8")
    assert run(problem, certificate).stdout.startswith("REFUSED: ")


def test_work_is_bounded(monkeypatch):
    monkeypatch.setattr(sc, "MOST_STEPS", 5)
    refused(towns(), root(), "not checked within 5 steps")


def test_each_part_of_a_search_is_counted():
    """Arcs that are looked at, bounds on prices, and ways, where the bounds do not decide."""
    network, used = model(paid_once()).network, []
    looks = (
        network.usable,
        lambda pair: sc.finds_cheaper(network, pair, {0: 1, 1: 3}, 1),
        lambda pair: sc.finds_cheaper(network, pair, {0: 1, 1: 3}, 4),
    )
    for look in (looks[0], *looks):  # the first one finds the times as well
        before = network.steps
        look(network.pairs[0])
        used.append(network.steps - before)
    assert used[1] < used[2] < used[3]


def test_long_numbers_count_for_more():
    steps = []
    for multiplier in (4, 2**13999):
        made = model(towns())
        shown = proof(None, [ROWS[0]], [leaf(1, (0, multiplier))])
        sc.Proof(made, sc.read(sc.certificate_shape(made, shown), shown, "").bound).bound()
        steps.append(made.network.steps)
    assert steps[0] < steps[1]


# ---- Searches and rows against all there is ----------------------------------------------------------------


def cheapest(problem, pair, prices):
    """The price of the cheapest path within the limit, by all paths that visit no node twice."""
    arcs = [(*arc, None) for arc in problem["arcs"]]
    for j, candidate in enumerate(problem["candidates"]):
        arcs += [(*arc, j) for arc in candidate["arcs"] if candidate.get("fixed") != "out"]
    best = []

    def walk(node, time, visited, used):
        if time > pair["limit"]:
            return
        if node == pair["destination"]:
            best.append(sum(prices.get(j, 0) for j in used))
            return
        for tail, head, seconds, j in arcs:
            if tail == node and head not in visited:
                walk(head, time + seconds, visited | {head}, used | {j})

    walk(pair["origin"], 0, {pair["origin"]}, frozenset())
    return min(best, default=None)


def random_problem(seed):
    draw = random.Random(seed)  # noqa: S311 - chance for drawings, no secret
    size = draw.randint(2, 6)

    def arcs(most):
        ends = [draw.sample(range(size), 2) for _ in range(draw.randint(1, most))]
        return [[*pair, draw.randint(1, 5)] for pair in ends]

    candidates = [
        {"id": str(j), "cost": draw.randint(0, 4), "arcs": arcs(4)}
        | ({"fixed": "out"} if draw.random() < 0.1 else {})
        for j in range(draw.randint(1, 5))
    ]
    pairs = [
        dict(zip(("origin", "destination"), draw.sample(range(size), 2), strict=True))
        | {"limit": draw.randint(1, 12), "weight": draw.randint(0, 9)}
        for _ in range(3)
    ]
    nodes = [str(node) for node in range(size)]
    return draw, towns(
        nodes=nodes, arcs=arcs(4), candidates=candidates, pairs=pairs, budget=draw.randint(0, 9)
    )


@pytest.mark.parametrize("seed", thinned(range(150), 30))
def test_cheapest_path_against_enumeration(seed):
    draw, problem = random_problem(seed)
    network = model(problem).network
    for pair in problem["pairs"]:
        prices = {j: draw.choice([0, 1, 2, 3, 7]) for j in range(len(problem["candidates"]))}
        least = cheapest(problem, pair, prices)
        for unit in range(1, 25):
            found = sc.finds_cheaper(network, sc.Document(**pair), prices, unit)
            assert found == (least is not None and least < unit)


@pytest.mark.parametrize("seed", thinned(range(60), 20))
def test_every_plan_satisfies_every_cut(seed):
    """All plans of a small problem against rows with random evidence, where it is accepted."""
    draw, problem = random_problem(seed)
    problem["budget"] = 99
    made = model(problem)
    rows = []
    for _ in range(60):
        names = draw.sample([f"y000000{i}" for i in (1, 2, 3)], draw.randint(1, 3))
        prices = {f"x{j + 1:07}": draw.randint(0, 3) for j in range(len(problem["candidates"]))}
        for entry in (
            {"partition": names, "parts": [draw.randint(0, 2) for _ in problem["nodes"]]},
            {"time": names[0], "unit": draw.randint(1, 4), "prices": prices},
        ):
            try:
                rows.append(checked_row(made, entry))
            except sc.Refused:
                continue
    free = [j for j, candidate in enumerate(problem["candidates"]) if "fixed" not in candidate]
    for built in itertools.chain.from_iterable(itertools.combinations(free, k) for k in range(len(free) + 1)):
        values = {f"x{j + 1:07}" for j in built}
        for y, covered in zip(made.pair_of, made.network.covered(built), strict=True):
            values |= {y} if covered else set()
            assert made.variables[y][0] <= covered <= made.variables[y][1]
        assert all(cut.holds(values) for cut in [*rows, *made.rows.values()])


def changed(draw, value):
    """The value with one part of it replaced by something else."""
    junk = [None, True, 1.5, -1, 0, 1, 2, 2**64, "", "x", "y0000001", [], {}, [0], [[0, 1]], {"id": "b-c"}]
    if isinstance(value, dict) and value and draw.random() < 0.9:
        key = draw.choice(list(value))
        return value | {key: changed(draw, value[key])} if draw.random() < 0.9 else {**value, "more": 1}
    if isinstance(value, list) and value and draw.random() < 0.9:
        place = draw.randrange(len(value))
        shorter = value[:place] + value[place + 1 :]
        return (
            shorter
            if draw.random() < 0.1
            else [*value[:place], changed(draw, value[place]), *value[place + 1 :]]
        )
    return draw.choice(junk)


@pytest.mark.parametrize("seed", thinned(range(300), 60))
def test_nothing_but_refused(seed):
    """Random changes: an answer or `Refused`, and no bound below the optimum of `towns`, 2."""
    draw = random.Random(seed)  # noqa: S311 - chance for drawings, no secret
    rows = [
        *ROWS,
        LEAVE,
        {"mend": "001", "links": [1, 5, 6]},
        {"partition": ["y0000001"], "parts": [0, 0, 1]},
    ]
    circuit = [{"id": "outer", "links": [0, 1, 2, 3]}]
    tree = [[A, 1, 2], leaf(0, (0, 1)), leaf(1, (0, 4), (1, 10), (2, 7), (3, 1))]
    cases = [
        (towns(), split()),
        (towns(budget=5), PLAN | {"paths": paths()}),
        (with_ring(), PLAN | {"rings": circuit}),
        (with_ring(), proof(19, rows, tree)),
        (periods(), PLAN | {"starts": {"b-c": 0}}),
    ]
    problem, certificate = copy.deepcopy(draw.choice(cases))
    for _ in range(draw.randint(1, 2)):
        problem, certificate = draw.choice(
            [(changed(draw, problem), certificate), (problem, changed(draw, certificate))]
        )
    try:
        sentence, _ = sc.check(problem, certificate)
    except sc.Refused:
        return
    assert sentence
    if problem == towns() and "better than" in sentence:
        assert int(sentence.split("better than ")[1].split(":")[0]) >= 2


def circuits_of(data):
    """All circuits of a ring, as lists of links in order, each once for each start and direction."""

    def extend(chain, node, visited):
        for position, link in enumerate(data["links"]):
            for tail, head in ((link["tail"], link["head"]), (link["head"], link["tail"])):
                if tail != node or position in chain:
                    continue
                if head == visited[0]:
                    yield [*chain, position]
                elif head not in visited:
                    yield from extend([*chain, position], head, [*visited, head])

    for node in range(len(data["nodes"])):
        yield from extend([], node, [node])


@pytest.mark.parametrize("seed", thinned(range(40), 10))
def test_every_circuit_satisfies_every_row_of_its_ring(seed):
    """Circuits that wind once round all centres, by angles, against rows with evidence that is accepted."""
    draw = random.Random(seed)  # noqa: S311 - chance for drawings, no secret
    nodes = [[x, y] for x in (-3, 0, 3) for y in (-3, 0, 3)]
    grid = [(i, j) for i in range(9) for j in range(i) if i - j == 3 or (i - j == 1 and i // 3 == j // 3)]
    links = [{"tail": i, "head": j, "candidate": None, "length": draw.randint(1, 4)} for i, j in grid]
    for link in links:
        if draw.random() < 0.3:
            link["via"] = [[draw.randint(-4, 4), draw.randint(-4, 4)]]
    centres = [[draw.choice([-2, -1, 1, 2]), draw.choice([-2, -1, 1, 2])] for _ in range(draw.randint(1, 2))]
    data = ring(
        nodes=nodes, links=links, centres=centres, longest=draw.randint(8, 40), stops=[], required=False
    )
    problem = towns(rings=[data | {"reward": 1}])
    made = model(problem)
    inner, plans, cuts = made.rings["001"], [], []

    def angle(line, centre):
        turns = 0.0
        for (ax, ay), (bx, by) in itertools.pairwise(line):
            (ux, uy), (vx, vy) = (ax - centre[0], ay - centre[1]), (bx - centre[0], by - centre[1])
            turns += math.atan2(ux * vy - uy * vx, ux * vx + uy * vy) / (2 * math.pi)
        return round(turns)

    chains = list(circuits_of(data))
    for chain in chains:
        usable = all(link in inner.both for link in chain)
        line = []
        node = next(iter({*ends(links[chain[0]])} - ({*ends(links[chain[1]])} if len(chain) > 2 else set())))
        for position in chain:
            link = links[position]
            part = [nodes[link["tail"]], *link.get("via", []), nodes[link["head"]]]
            line += part if node == link["tail"] else part[::-1]
            node = link["head"] if node == link["tail"] else link["tail"]
        round_all = usable and all(abs(angle(line, centre)) == 1 for centre in centres)
        short = sum(links[position]["length"] for position in chain) <= data["longest"]
        if usable:
            point = inner.point(chain)
            assert (round_all and short) == all(row_.holds(point) for row_ in inner.rows.values())
            if round_all and short:
                plans.append(point)
        with_evidence = {"mend": "001", "links": chain}
        cuts += accepted(made, with_evidence)
    for _ in range(200):
        chosen = draw.sample(range(9), draw.randint(1, 5))
        potentials = [draw.randint(0, 1) for _ in chosen]
        entry = {"leave": "001", "nodes": chosen, "potentials": potentials, "centre": 0, "node": chosen[0]}
        cuts += accepted(made, entry)
    assert all(cut.holds(point) for point in plans for cut in cuts)


def ends(link):
    return link["tail"], link["head"]


def accepted(made, entry):
    try:
        return [checked_row(made, entry)]
    except sc.Refused:
        return []
