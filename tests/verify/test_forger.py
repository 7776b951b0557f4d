"""An enemy who has read the checker: for each branch a document that is taken where the branch is missing.

The tables name a branch by the function and the text of its line. The tests take the branch out of a copy of
the checker, and the forgery beside it is accepted; so a branch that nobody attacks fails a test, and so does
an attack that proves nothing. What each forgery claims is compared with trying every plan.
"""

from __future__ import annotations

import ast
import functools
import inspect
import json
import types

import pytest
from forged_certificates import (
    BOUNDS,
    FAMILIES,
    FILES,
    PLANS,
    SEARCHED,
    SHOWN,
    SMALL_RAW,
    TRUE,
    WEAK,
    bounded,
    forgery,
    ladder,
    of_every_rule,
    priced,
    shown_whole,
    weak,
)
from near_certificates import CHECKERS, answered
from problem_files import as_json
from ring_drawing import all_apart, circuits_of, whole_brute_force, whole_value

from optimiser.verify import bound_checker

SOURCE = inspect.getsource(bound_checker)
CAUGHT = (bound_checker.Refused, LookupError, TypeError, ValueError, ArithmeticError, RecursionError)
"""What the command line of the checker answers with REFUSED."""

NEEDS = {
    ("every_path_costs", "model.steps <= MOST_STEPS"): ("(a ladder)",),
    ("Model.__init__", "not (fault := departure(problem, 'problem', 'problem'))"): ("a time below 0",),
    ("Model.__init__", "len(self.number) == len(self.candidates)"): ("two candidates with one id",),
    ("RingRows.point", "is_closed and is_simple"): ("a mend of one link",),
    ("RingRows.leave_row", "v in g and s < len(self.ring['centres'])"): ("a node outside of the set",),
    ("RingRows.leave_row", "len(g) == len(row['nodes'])"): ("a node twice in a set",),
    ("RingRows.leave_row", "sign * self.turns[a][s] == g[end] - g[begin]"): ("potentials that do not fit",),
    ("RingRows.mend_row", "not is_ring"): ("a mend of the ring itself",),
    ("proved_row", "is_priced"): ("a unit below 0",),
    ("proved_row", "every_path_costs(model, k, price, unit)"): (
        "evidence of another pair",
        "evidence of a smaller problem",
        "a unit above what a path pays",
    ),
    ("partition_row", "len(parts) == len(model.problem['nodes'])"): ("a part too many",),
    ("partition_row", "forest == len(pairs)"): (
        "pairs round a cycle",
        "pairs there and back",
        "a pair within a part",
        "a pair twice in a row",
    ),
    ("partition_row", "arc[3] >= 0"): ("an existing arc between two parts",),
    ("check_bound", "node['objective'] in (0, 1)"): ("an objective counted twice",),
    ("check_bound", "multiplier >= 0 or rows[i][2]"): (
        "a negative multiplier",
        "a negative multiplier of a time",
        "a negative multiplier of a partition",
        "a negative multiplier of a mend",
        "a negative multiplier of a set",
    ),
    ("leaf_bound", "leaf['objective'] or total < 0"): ("a leaf called empty",),
    ("check_bound", "not (fault := departure(proof, 'proof', 'bound'))"): ("a whole fraction",),
    ("check_bound", "scale <= 1 << 4096"): ("too fine a denominator",),
    ("check_bound", "all((0 <= at < len(tree) for at in node[1:]))"): ("a leaf counted from the end",),
    ("check_bound", "at not in seen"): ("a leaf twice",),
    ("check_plan", "len(set(built)) == len(built)"): ("one that is built twice",),
    (
        "check_plan",
        "starts.keys() == (set(built) if model.periods else set())",
    ): ("a start that stands for what is required",),
    ("check_plan", "not broken"): ("more than the budget",),
    ("check_plan", "(evidence['cost'], evidence['coverage']) == true"): ("a coverage that is higher",),
    ("check_plan", "len({ring['id'] for ring in shown}) == len(shown)"): ("a ring shown twice",),
    ("check_evidence", "len({item['id'] for item in cities}) == len(cities)"): ("a city shown twice",),
    ("check", "alone"): ("a cost of nothing",),
    ("check", "certificate.get('problem', problem['name']) == problem['name']"): (
        "another problem",
        "a bound for another problem",
    ),
    ("check_evidence", "item.get('cost', cost) == cost"): ("the cost of a part",),
    ("check_evidence", "is_covered and item['weight'] == city['weight']"): ("a city that weighs more",),
    ("check_evidence", "'paths' not in evidence or shown == sorted(covered)"): ("a path twice",),
    ("check_evidence", "joins and is_open"): ("an arc that is faster",),
    ("check_evidence", "holds"): ("a path above the limit",),
    ("check", "is_shown"): ("nothing is shown",),
    (
        "check",
        "not (fault := departure({**certificate, 'bound': None}, 'plan', 'certificate'))",
    ): ("an unknown key",),
    ("check", "certificate.get('format') in (FORMAT, OLDER)"): ("another version",),
    ("check", "bound == certificate['bound']['bound']"): ("a bound that is not proved",),
}
"""What the checker needs, and what it would take without it."""

ATTACKED = [(place, name) for place, names in NEEDS.items() for name in names]

ALSO = {
    ("RingRows.point", "links and all((a in self.turns for a in links))"): "a ring of unknown links",
    ("proved_row", "row['model'] in model.rows"): "a row that the problem lacks",
    ("proved_row", "row['time'] in model.pair_of"): "a time row of no pair",
    ("check_bound", "i < len(rows)"): "a multiplier of no row",
    ("check_bound", "tree"): "a tree of nothing",
    ("check_bound", "node[0] in model.low"): "a split of nothing",
}
"""What is refused without the branch as well, which is there for its message: a name that nothing has."""

NEVER = {
    ("Model.add", "name not in self.rows"): "no two rows of any problem have one name",
    ("check", "objective is None"): "there is no plan, as the proof says",
    ("check", "slack >= 0"): "no plan beats a bound that is proved",
    ("parsed.unique", "len(dict(items)) == len(items)"): "of files: `FILES`",
    ("parsed", "len(text) <= MOST_BYTES"): "of files: test_a_file_that_never_ends_is_refused",
    ("main", "most is None or (gap is not None and gap <= most)"): "no claim, but what the user asked for",
}
"""What no document reaches alone: the second lock of a door, or what is tried elsewhere."""

WEAKENED = [
    ("every_path_costs", "cost if paid & mark else cost + more", "cost + more", "a candidate paid for twice"),
    ("every_path_costs", "value // max(1, most[j])", "value", "a candidate paid for twice"),
    (
        "every_path_costs",
        "frozenset(arc[:2])",
        "frozenset(arc[:1])",
        "a candidate of one way paid for twice",
    ),
    (
        "every_path_costs",
        "ahead.get(head, least)",
        "ahead.get(tail, least)",
        "a unit above what two links cost",
    ),
    ("every_path_costs", " if t <= time]", "]", "a cheap path that is slower at first"),
    ("every_path_costs", '<= pair["limit"]', '< pair["limit"]', "a unit above what a path pays"),
    ("every_path_costs", "if bound < least", "if bound < least - 1", "a unit above what a path pays"),
    ("proved_row", "unit > 0 and ", "", "a unit below 0"),
    ("proved_row", "unit > 0", "unit >= 0", "a unit of 0"),
    ("proved_row", "min([0, *prices.values()]) == 0", "True", "a price below 0"),
    (
        "proved_row",
        "for j, name in enumerate(model.open[t])",
        "for row_ in model.open for j, name in enumerate(row_)",
        "prices of another period",
    ),
    ("proved_row", "k, price, unit), f", "0, price, unit), f", "evidence of another pair"),
    ("partition_row", "(t,) = {", "t = min({", "pairs of two periods"),
    ("RingRows.point", "is_closed = at == visited[0] and", "is_closed =", "a mend of one link"),
    (
        "RingRows.point",
        "is_simple = len(set(visited))",
        "is_simple = True or len(set(visited))",
        "a ring passed twice",
    ),
    ("RingRows.point", "at == head else 0)", "at == head else 1)", "a mend of links that do not meet"),
    ("RingRows.leave_row", "v in g and", "", "a node outside of the set"),
    ("RingRows.leave_row", ' and s < len(self.ring["centres"])', "", "a centre that the ring lacks"),
    (
        "RingRows.__init__",
        ' and not name.startswith("use")',
        "",
        "a mend of a ring that lacks what must be built",
    ),
    ("RingRows._crossings", "return None", "count += 0", "a ring that runs through its centre"),
    ("leaf_bound", "total < 0", "total <= 0", "a leaf called empty"),
    ("leaf_bound", "total < 0", "total <= 1", "part of a circuit called empty"),
    ("check_bound", "<= value <= model.high[v]", "<= value < model.high[v]", "a leaf of value 1 passed over"),
    ("check_bound", "model.low[v] <= value", "model.low[v] < value", "a leaf of value 0 passed over"),
    ("check_bound", "best = max(", "best = min(", "a leaf of value 1 passed over"),
    (
        "check_bound",
        "at < len(tree)",
        "at <= len(tree)",
        "an entry beyond the tree that nothing leads to",
    ),
    ("check_bound", "all(0 <= at < len(tree)", "all(at < len(tree)", "a leaf counted from the end"),
    ("check_bound", "for at in node[1:]", "for at in node[2:]", "a leaf for 0 counted from the end"),
    ("RingRows._crossings", "min(ay, by) <= y", "min(ay, by) < y", "a ring with its centre at a corner"),
    ("check_plan", "broken += [", "[", "one that is fixed out"),
    ("check_plan", "broken += [", "[", "without one that is fixed in"),
    ("check_plan", "broken += [", "[", "a pair that must be covered"),
    ("check_plan", "broken += [", "[", "a ring that must be formed"),
    ("check_plan", "== (set(built) if", ">= (set(built) if", "a start that stands for what is required"),
    (
        "check_plan",
        'sum(candidates[j]["cost"] for j in built), sum',
        'evidence["cost"], sum',
        "a cost that is lower",
    ),
    ("check_evidence", 'covered.intersection(city["pairs"])', "covered", "a city with a pair of another"),
    (
        "check_evidence",
        'covered.intersection(city["pairs"])',
        'set(city["pairs"])',
        "a city that is not covered",
    ),
    ("check_evidence", ' and len(pairs) >= city["need"]', "", "a city with too few pairs"),
    ("check_evidence", "and len(pairs) >=", 'and len(item["pairs"]) >=', "a city with a pair twice"),
    ("check_evidence", "shown == sorted(covered)", "{*shown} <= covered", "a path that is missing"),
    ("check_evidence", "shown == sorted(covered)", "{*shown} >= covered", "a path twice"),
    ("check_evidence", "arc[3] in opened or arc[3] < 0", "True", "an arc of what is not built"),
    ("check_evidence", "arc[3] < 0", "arc[3] <= 0", "an arc of the first candidate"),
    ("check_evidence", "need(joins and is_open", "need(joins", "an arc that nobody built"),
    ("check_evidence", "need(joins and is_open", "need(joins", "an arc of another candidate"),
    ("check_evidence", "(at[0], at[-1]) ==", "(pair['origin'], at[-1]) ==", "a path from elsewhere"),
    ("check_evidence", "(at[0], at[-1]) ==", "(at[0], pair['destination']) ==", "a path to elsewhere"),
    ("check_evidence", "joins = ", "joins = True or ", "a path with a second too many"),
    ("check_evidence", "joins = ", "joins = True or ", "a path with a candidate too many"),
    (
        "check_evidence",
        'path["time_s"] == sum(path["seconds"])',
        'path["time_s"]',
        "a time that is not the sum",
    ),
    ("check_evidence", "is_covered and item", "item", "a city that is not covered"),
    ("Model._add_rules", 'self.add("budget", costs', 'self.add("budget", []', "more than the budget"),
    ("Model._add_periods", "spent, ", "[], ", "more than the budget so far"),
    (
        "Model._add_periods",
        'money += self.periods[t]["budget"]',
        "money = self.budget",
        "more than the budget so far",
    ),
    ("Model._add_rules", 'mine, "<=", most', '[], "<=", most', "more than a cap"),
    ("Model._add_rules", "used, ", "[], ", "more than a capacity"),
    (
        "Model._add_rules",
        '(x[number[b]], 1)], "<=", 1',
        '(x[number[b]], 1)], "<=", 2',
        "two that exclude each other",
    ),
    ("Model._add_rules", 'terms, "<=", 0', '[], "<=", 0', "one without what it requires"),
    ("Model._add_rules", 'terms, "<=", 0', '[], "<=", 0', "one before what it requires"),
    ("Model._add_rules", " - self.leads[b] + 1", " + 1", "one that opens before what it requires"),
    ("Model._add_rules", 'mine, ">=", target["least"]', 'mine, ">=", 0', "a target missed"),
    ("Model._add_rules", 'mine, ">=", target["least"]', 'mine, ">=", 0', "a target of cities missed"),
    ("Model._add_rules", '[(x[0], 1)], "<=", -1', '[], "<=", 0', "a target above all weights"),
    (
        "Model._add_apart",
        '*second.entering[u]], "<=", 1',
        '*second.entering[u]], "<=", 2',
        "two rings that share a node",
    ),
    ("Model.__init__", "self._add_apart()", "pass", "two rings that share a node"),
    ("RingRows._add_circuit", 'both, "<=", 0', '[], "<=", 0', "a ring without its link"),
    (
        "RingRows._add_circuit",
        '[*terms, (self.formed, -1)], "==", 0)\n        if',
        '[], "==", 0)\n        if',
        "a ring that winds round nothing",
    ),
    ("RingRows._add_circuit", 'range(len(self.ring["centres"]))', "range(1)", "a ring that misses a centre"),
    (
        "RingRows._add_circuit",
        '[*terms, (self.formed, -longest)], "<=", 0',
        '[], "<=", 0',
        "a ring that is too long",
    ),
    ("RingRows._add_stops", 'terms, ">=", 0', '[], ">=", 0', "a ring with too few stops"),
    ("RingRows._add_stops", 'terms, ">=", 0', '[], ">=", 0', "a ring with too few stops of a group"),
    (
        "RingRows._add_stops",
        '[(n, 1), (self.formed, -1)], ">=", 0',
        '[], ">=", 0',
        "a ring past a stop that it must pass",
    ),
]
"""A branch that is no call of `need`: function, its text, what the text becomes, and what is taken then."""

OTHERWISE = {
    "a ring of no links": "no first link",
    "a ring that is no circuit": "it passes a link in no direction, which has no variable",
    "a mend of an open chain": "the same",
    "one that is unknown": "no number",
    "a city that is unknown": "no number",
    "a start after the last period": "no such period",
    "a path with an arc and no seconds": "no arc has no time",
    "a price of a pair": "no number among candidates",
    "built without a start": "its row says that what is built is started",
    "started and not built": "the same",
    "a path of a pair that is not covered": "it has no path of open arcs",
    "a row of a ring without variables": "no such ring",
    "a leaf missed": "no such entry",
    "a ring that is unknown": "no such ring",
    "a ring without variables": "the same",
    "a leaf just beyond the tree": "the same",
}
"""Forgeries that name what is not there, so that several branches refuse them."""


def functions():
    """Yield each function of the checker with its qualified name."""
    for outer in ast.parse(SOURCE).body:
        if isinstance(outer, ast.FunctionDef):
            yield outer.name, outer
        for node in getattr(outer, "body", ()):
            if isinstance(node, ast.FunctionDef):
                yield f"{outer.name}.{node.name}", node


def needs_of(function):
    """Yield each call of `need` in a function, but not in one inside of it."""
    inner = {id(one) for item in function.body if isinstance(item, ast.FunctionDef) for one in ast.walk(item)}
    for node in ast.walk(function):
        is_call = isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "need"
        if is_call and id(node) not in inner:
            yield node


@functools.cache
def found_needs():
    return {(name, ast.unparse(node.args[0])): node for name, one in functions() for node in needs_of(one)}


def checker_from(source):
    """The module that a source makes."""
    module = types.ModuleType("checker_under_test")
    exec(compile(source, "checker_under_test", "exec"), module.__dict__)  # noqa: S102 - our own checker, changed
    return module


def without(function, condition):
    """The source of the checker without a call of `need`."""
    node = found_needs()[function, condition]
    lines = SOURCE.splitlines(keepends=True)
    first, last = node.lineno - 1, node.end_lineno
    before, after = lines[first][: node.col_offset], lines[last - 1][node.end_col_offset :]
    # A name that the condition assigns stays assigned.
    return "".join([*lines[:first], before, f"({condition}, None)[1]", after, *lines[last:]])


def weakened(function, text, other):
    """The source of the checker with another text in a function, where it stands once."""
    node = dict(functions())[function]
    lines = SOURCE.splitlines(keepends=True)
    own = "".join(lines[node.lineno - 1 : node.end_lineno])
    assert own.count(text) == 1, (function, text, own.count(text))
    changed = own.replace(text, other)
    if other.endswith("min({"):  # closes what it opens
        changed = changed.replace("for y in pairs}", "for y in pairs})", 1)
    return "".join([*lines[: node.lineno - 1], changed, *lines[node.end_lineno :]])


def answer(checker, name):
    """What a checker says of a forgery; None where it refuses it."""
    problem, document = forgery(name)
    try:
        return checker.check(problem, document)
    except (checker.Refused, *CAUGHT[1:]):
        return None


EVERY = [name for family in FAMILIES.values() for name in family]


@pytest.mark.parametrize("name", EVERY)
def test_a_forgery_is_refused(name):
    assert answer(bound_checker, name) is None


@pytest.mark.parametrize("name", [*BOUNDS, *SMALL_RAW])
def test_a_forged_bound_excludes_the_optimum(name):
    if name in SMALL_RAW:
        best, is_least = SMALL_RAW[name]()[2], False
    else:
        problem = BOUNDS[name]()[0]
        best, is_least = whole_brute_force(problem), problem.budget is None
    claimed = forgery(name)[1]["bound"]["bound"]
    assert best is not None
    assert claimed is None or (claimed > best if is_least else claimed < best)


def goes_round(links, circuit):
    """Say whether links go round a circuit, from any of its nodes in either direction."""
    every = [[*way[at:], *way[:at]] for way in (circuit, circuit[::-1]) for at in range(len(circuit))]
    return list(links) in every


@pytest.mark.parametrize("name", PLANS)
def test_a_forged_plan_breaks_a_rule(name):
    problem, document = PLANS[name]()
    names, starts = [item["id"] for item in document["built"]], document.get("starts", {})
    shown = document.get("rings", [])
    circuits = {item["id"]: item["links"] for item in shown[::-1]}
    rings = {ring.id: ring for ring in problem.rings}
    known = all(name in problem.index for name in names) and len(set(names)) == len(names)
    known = known and (starts.keys() == set(names) if problem.periods else not starts)
    known = known and all(t < len(problem.periods) for t in starts.values())
    final = {name for name in names if name in problem.index}
    holds = known and all(
        key in rings and any(goes_round(links, one) for one in circuits_of(rings[key], final))
        for key, links in circuits.items()
    )
    holds = holds and all(ring.id in circuits or not ring.required for ring in problem.rings)
    holds = holds and all_apart(problem, circuits)
    assert not holds or whole_value(problem, set(names), circuits, starts) is None


def test_the_true_certificate_behind_what_is_shown_falsely_is_taken():
    problem, document = shown_whole()
    assert bound_checker.check(as_json(problem), document)[0].startswith("the plan holds")
    others = [json.dumps(forgery(name)[1], sort_keys=True) for name in SHOWN]
    assert len({*others, json.dumps(document, sort_keys=True)}) == len(SHOWN) + 1


@pytest.mark.parametrize("name", TRUE)
def test_a_true_certificate_is_taken_with_a_bound_that_is_the_optimum(name):
    problem, document = TRUE[name]()
    assert bound_checker.check(as_json(problem), document)
    assert "bound" not in document or document["bound"]["bound"] == whole_brute_force(problem)


@pytest.mark.parametrize("name", WEAK)
def test_a_bound_is_what_each_number_of_its_rows_shows_to_both_checkers(name):
    assert all(answered(checker, *weak(name)) == (WEAK[name][-1], None) for checker in CHECKERS)


@pytest.mark.parametrize("seed", range(12))
def test_rows_of_every_rule_show_the_same_to_both_checkers(seed):
    problem, document = of_every_rule(seed)
    assert len({name.rstrip("0123456789_") for row in document["bound"]["rows"] for name in row.values()}) > 9
    assert all(answered(checker, problem, document) for checker in CHECKERS)


@pytest.mark.parametrize("seed", SEARCHED)
def test_a_pair_pays_the_least_of_all_paths_and_no_more_to_both_checkers(seed):
    problem, document, beyond = priced(seed)
    assert all(answered(checker, problem, document) for checker in CHECKERS)
    assert not any(answered(checker, problem, beyond) for checker in CHECKERS)


def test_each_call_of_need_is_attacked():
    listed = [*NEEDS, *ALSO, *NEVER]
    assert len(listed) == len(set(listed))
    assert set(listed) == set(found_needs())


@pytest.mark.parametrize(("place", "name"), ATTACKED, ids=[f"{one[0]}-{name}" for one, name in ATTACKED])
def test_without_its_branch_a_forgery_is_taken(place, name):
    checker = checker_from(without(*place))
    if name == "(a ladder)":
        checker.MOST_STEPS = 0
        problem, document = ladder(4)
        assert checker.check(as_json(problem), document)
    else:
        assert answer(checker, name) is not None


@pytest.mark.parametrize(("place", "name"), ALSO.items(), ids=list(ALSO.values()))
def test_without_a_branch_for_its_message_a_forgery_is_refused_too(place, name):
    assert answer(checker_from(without(*place)), name) is None


@pytest.mark.parametrize(
    ("function", "text", "other", "name"), WEAKENED, ids=[f"{one[0]}-{one[3]}" for one in WEAKENED]
)
def test_with_a_weaker_branch_a_forgery_is_taken(function, text, other, name):
    assert answer(checker_from(weakened(function, text, other)), name) is not None


def test_each_forgery_stands_beside_a_branch():
    beside = {*(name for _, name in ATTACKED), *ALSO.values(), *(one[3] for one in WEAKENED)} - {"(a ladder)"}
    assert beside | OTHERWISE.keys() == set(EVERY)


def test_steps_without_end_are_not_taken(monkeypatch):
    problem, document = ladder(12)
    assert bound_checker.check(as_json(problem), document)
    monkeypatch.setattr(bound_checker, "MOST_STEPS", 10_000)
    problem, document = ladder(200)
    with pytest.raises(bound_checker.Refused, match="not checked within 10,000 steps"):
        bound_checker.check(as_json(problem), document)


@pytest.mark.parametrize("name", FILES)
def test_a_forged_file_is_refused(name, tmp_path, capsys):
    begin, (rows, tree, bound) = FILES[name]
    text = json.dumps(bounded(rows, tree, bound))
    (tmp_path / "p.json").write_text(json.dumps(forgery("a unit of 0")[0]))
    for said, written in (("OK", text), ("REFUSED", begin + text[1:])):
        (tmp_path / "c.json").write_text(written)
        assert bound_checker.main([str(tmp_path / "p.json"), str(tmp_path / "c.json")]) == (said != "OK")
        assert capsys.readouterr().out.startswith(said)
