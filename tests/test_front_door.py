"""The front door works as its documentation says, on a small drawn region."""

from __future__ import annotations

import ast
import csv
import dataclasses
import io
import json
import re
import subprocess
import sys
import tomllib
import warnings
from collections import Counter
from dataclasses import replace
from pathlib import Path

import geopandas as gpd
import h5py
import numpy as np
import osmium
import pandas as pd
import pytest
import shapely
from cli_drawing import CITIES, JOB, cities_csv, draw_map
from core_drawing import line
from engine_running import solve_here
from hostile_names import PAYLOADS, read
from matplotlib.colors import to_rgba
from ring_square import square
from sweep_drawing import swept

import optimiser
import polyring as pr
from networks.errors import NetworksError
from optimiser.problem import RingLink, dumps
from optimiser.report import plots
from optimiser.run.chain import Chain
from optimiser.run.source import find_source


@pytest.mark.parametrize("name", pr.__all__)
def test_every_name_of_the_front_door_can_be_used(name):
    assert getattr(pr, name) is not None


@pytest.mark.parametrize("name", optimiser.__all__)
def test_every_name_of_optimiser_can_be_used(name):
    assert getattr(optimiser, name) is not None


def test_the_names_for_type_checkers_are_those_at_run_time():
    tree = ast.parse(Path(pr.__file__).read_text(encoding="utf-8"))
    block = next(node for node in tree.body if isinstance(node, ast.If))
    typed = [
        alias.asname or alias.name
        for node in block.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    ]
    assert sorted(typed) == sorted(pr.__all__)


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'runn'"):
        pr.runn  # noqa: B018 - the access is what is tested


@pytest.mark.parametrize("package", ["optimiser", "polyring"])
def test_importing_a_front_door_loads_no_other_library(package):
    heavy = ("numpy", "pandas", "pulp", "pydantic")
    code = f"import sys, {package}; print([name for name in {heavy} if name in sys.modules])"
    found = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert found.stdout.strip() == "[]"


def test_a_problem_is_solved_and_checked_from_the_front_door(tmp_path):
    pr.save_problem(line(), tmp_path / "problem.json")
    problem = pr.load_problem(tmp_path / "problem.json")
    result = pr.solve(problem, gap=1e-3, time_limit_s=20)
    plan = pr.verify(problem, result)
    assert isinstance(plan, pr.Plan)
    assert plan == pr.check(problem, result)
    assert plan.objective == result.objective


@pytest.mark.usefixtures("here")
def test_a_solve_starts_from_the_plan_of_a_result():
    problem = line()
    best = pr.solve(problem, time_limit_s=20)
    again = pr.solve(problem, time_limit_s=0, variant="do-nothing", start=best)
    assert pr.solve(problem, time_limit_s=0, variant="do-nothing").objective < best.objective
    assert again.objective == best.objective


def test_a_problem_of_the_bench_is_named():
    problem = pr.instance("grid_5x5_1")
    assert (problem.name, len(problem.candidates)) == ("grid_5x5_1", 25)
    with pytest.raises(pr.OptimiserError, match="names 2 problems"):
        pr.instance("grid_5x5_*")


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """Return a folder with a drawn map, its cities and a job."""
    folder = tmp_path_factory.mktemp("front_door")
    (folder / "map.osm").write_text(draw_map(), encoding="utf-8")
    (folder / "cities.csv").write_text(cities_csv(), encoding="utf-8")
    (folder / "job.toml").write_text(
        JOB.replace("enabled = false", "enabled = true\ndraws = 11\ntime_limit_s = 5"), encoding="utf-8"
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("POLYRING_CACHE", str(folder / "cache"))
        solve_here(patch)
        yield folder


@pytest.fixture(scope="module")
def run(home):
    found = pr.run(str(home / "job.toml"), out=home / "run")
    yield found
    found.close()


@pytest.fixture(scope="module")
def half(run):
    return run.solve(budget=0.5)


def test_the_columns_of_every_table_are_in_the_dictionary(run, half):
    why = run.why(1)
    both = pr.compare(run, half)
    tables = {
        "links": run.links, "cities": run.cities, "pairs": run.pairs, "rings": run.rings,
        "ring_legs": run.ring_legs, "ring_overlaps": run.ring_overlaps,
        "ring_use": run.ring_use, "candidates": run.candidates,
        "needs": run.measures.needs, "states": run.states,
        "why.pairs": why.pairs, "why.swaps": why.swaps, "why.moved": why.moved,
        "why.alternatives": why.alternatives, "compare.links": both.links,
        "compare.pairs": both.pairs, "sweep.links": swept().links, "sweep.by_factor": swept().by_factor,
        "sweep.indices": swept().indices, "sweep.regret": swept().regret,
    }  # fmt: skip
    assert set(tables) == set(run.columns.index.get_level_values("table"))
    for name, table in tables.items():
        unknown = set(table.columns) - set(run.columns.loc[name].index)
        assert not unknown, name


def test_cases_and_draws_count_in_how_many_each_proposal_is_chosen(home, run):
    links, cases = run.links, pd.read_csv(home / "run" / "cases.csv")
    draws = cases[cases["name"].str.startswith("draw ")]
    plans = cases[cases["name"].str.startswith("plan that ")]
    # There is no railway: no case varies trains.
    assert (len(cases) - len(draws) - len(plans), len(draws), len(plans)) == (11, 11, 3)
    assert set(links["of_cases"]) == {len(draws)}
    built = [str(names).split() for names in draws["built"]]
    for link in links.to_dict("records"):
        assert link["chosen_in"] == sum(link["candidate_id"] in names for names in built)
    assert "How sure the proposals are" in (home / "run" / "report.html").read_text(encoding="utf-8")
    found = json.loads((home / "run" / "summary.json").read_text(encoding="utf-8"))["cases"]
    assert len(found["rows"]) == 11
    cost = run.candidates.set_index("candidate_id")["cost"]
    kept, *sure = found["plans"]
    assert kept["name"] == "plan that keeps its budget in at least 10 of 11 joint draws"
    counts = pd.Series(Counter(name for names in built for name in names))
    for plan, least in zip(sure, (10, 6), strict=True):
        chosen = counts.index[counts >= least]
        assert f"({len(chosen)} of all candidates, for {cost[chosen].sum():,} " in plan["name"]
        assert (plan["status"], plan["cost"]) == ("optimal", cost[plan["built"]].sum())
        assert cost[[name for name in plan["built"] if name in chosen]].sum() >= 0.7 * plan["cost"]
        assert plan["new"] <= found["covered"]


def test_a_run_that_is_opened_again_is_the_run_that_was_written(run, home):
    again = pr.load(home / "run")
    again.close()  # the next question would start the solver again
    assert again.plan == run.plan
    assert again.problem == run.problem
    assert again.name == run.name == "job"
    assert again.links.drop(columns="geometry").equals(run.links.drop(columns="geometry"))
    assert again.pairs["after_s"].tolist() == run.pairs["after_s"].tolist()


def test_the_job_of_a_run_folder_can_be_run_from_there(run, home):
    loaded = pr.find_job(str(home / "run" / "job.toml"))
    assert loaded.files["region.file"] == (home / "map.osm").resolve()


def test_a_folder_without_a_run_is_refused_with_what_is_missing(tmp_path, monkeypatch):
    with pytest.raises(pr.OptimiserError, match=r"there is no job\.toml"):
        pr.load(tmp_path)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(pr.OptimiserError, match=rf"^{tmp_path}/none: there is no such folder\nNothing"):
        pr.load("none")


def test_a_run_whose_map_has_changed_is_refused(run, home, tmp_path):
    job = (home / "run" / "job.toml").read_text(encoding="utf-8")
    for name in ("summary.json", "problem.json", "result.json"):
        (tmp_path / name).write_bytes((home / "run" / name).read_bytes())
    away = job.replace("../", f"{home}/").replace("limit_s = 7200", "limit_s = 6000")
    (tmp_path / "job.toml").write_text(away, encoding="utf-8")
    with pytest.raises(pr.OptimiserError, match="no longer follows from its job"):
        pr.load(tmp_path)


def test_a_link_left_out_is_not_built_and_one_forced_is(run):
    best = run.links["candidate_id"].iloc[0]
    idle = next(name for name in run.candidates["candidate_id"] if name not in run.built)
    less = run.solve(without=[1])
    assert best not in less.built
    assert less.plan.objective <= run.plan.objective
    more = run.solve(force=idle, budget=10**6)
    assert idle in more.built
    assert "What if: with road" in str(more)
    assert " required" in more.summary["headline"]
    assert "required" not in run.summary["headline"]


def test_a_what_if_of_a_what_if_keeps_both_changes(run, half):
    first = half.links["candidate_id"].iloc[0]
    less = half.solve(without=1)
    assert less.budget == half.budget
    assert first not in less.built
    back = less.solve(force=[first])
    assert first in back.built


def test_a_budget_below_one_is_a_share_and_any_other_is_money(run, half):
    assert half.budget == run.budget // 2
    assert half.cost <= half.budget
    assert run.solve(budget=run.budget).plan.objective == run.plan.objective


def test_weights_of_tiers_multiply_the_weight_of_their_pairs(run):
    heavy = run.solve(weights={"small": 3})
    groups = run.plan.groups
    assert heavy.plan.groups["small"].total == 3 * groups["small"].total
    assert heavy.plan.groups["secondary"].total == groups["secondary"].total


def test_another_limit_is_a_new_problem_with_candidates_of_its_own(run):
    shorter = run.solve(limit="1h30")
    assert {pair.limit for pair in shorter.problem.pairs} == {5400}
    chain = shorter.study.chain
    assert chain.loaded.job.times.limit_s == 5400
    assert set(shorter.built) <= set(shorter.candidates["candidate_id"])
    both = run.solve(limit=5400, budget=0.5)
    assert both.budget == run.budget // 2


def test_another_limit_states_the_problem_of_a_job_of_its_own(run, monkeypatch, tmp_path):
    monkeypatch.setenv("POLYRING_CACHE", str(tmp_path / "shared"))
    for limit in ("1h40", "1h50"):  # what the first one has worked out serves the second one
        asked = run.solve(limit=limit)
    monkeypatch.setenv("POLYRING_CACHE", str(tmp_path / "alone"))
    loaded = asked.study.chain.loaded
    alone = Chain(loaded, find_source(loaded))
    assert asked.study.chain.candidates.value.digest() == alone.candidates.value.digest()
    assert dumps(asked.problem) == dumps(alone.design)


@pytest.mark.parametrize(
    ("question", "words"),
    [
        ({"without": [99]}, "no link has the rank 99"),
        ({"without": ["nowhere"], "force": [1]}, "no candidate has the id 'nowhere'"),
        ({"without": [1], "force": [1]}, "both left out and forced"),
        ({"budget": -1}, "negative"),
        ({"budget": 12.5}, "neither a share below 1 nor whole money"),
        ({"budget": 2.0}, "budget_share=2 for a share of the budget of the run, budget=2 for"),
        ({"budget": 1.0}, "budget_share=1 for a share of the budget of the run, an amount in full for"),
        ({"budget": 1}, "budget 1 may be a share or money"),
        ({"budget": 5, "budget_share": 0.5}, "are both given"),
        ({"budget": "half"}, "budget: 'half' is not a valid number"),
        ({"budget": True}, "budget: True is not a valid number"),
        ({"limit": 4}, "Write '4h' for hours, '4 min' for minutes"),
        ({"limit": 210.0}, "Write '210 min' for minutes"),
        ({"limit": True}, "limit: True is not a valid number or a text or a timedelta"),
        ({"rings": "no"}, "rings: 'no' is not a valid boolean"),
        ({"gap": "1 %"}, "gap: '1 %' is not a valid number"),
        ({"gap": 5}, "gap: 5 is not less than or equal to 1"),
        (
            {"time_limit_s": -5, "gap": -1},
            "gap: -1 is not .*0 or None\n  - time_limit_s: -5 is not greater than 0",
        ),
        ({"weights": 3}, "weights: 3 is not a Mapping"),
        ({"without": 1.5}, "without: 1.5 is not a valid integer or a text or a list"),
        ({"budget": float("nan")}, "not a number"),
        ({"weights": {"tiny": 2}}, "no pair is of the tier 'tiny'"),
        ({"weights": {"small": 1.5}}, "no whole number"),
        ({"limit": "soon"}, "no time limit"),
    ],
)
def test_a_question_that_means_nothing_is_refused_with_its_reason(run, question, words):
    with pytest.raises(pr.OptimiserError, match=words):
        run.solve(**question)


def test_a_budget_below_the_cheapest_candidate_is_warned_of_with_its_cost_and_unit(run):
    cost = run.candidates["cost"].min()
    with pytest.warns(
        UserWarning, match=rf"the cheapest candidate allowed, .*, costs {cost:,} million CNY, 2 given"
    ):
        less = run.solve(budget=2)
    assert not less.built
    assert any("Nothing can be built: the cheapest" in note for note in less.shown.notes)
    assert run.solve(budget_share=1).budget == run.budget


def test_a_budget_in_another_unit_of_money_is_warned_of(run, home):
    region = pr.Region.read(home / "map.osm", cities=home / "cities.csv", country="CN", limit="2h")
    candidates = region.candidates()
    total = sum(candidates.costs.values())
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        region.problem(candidates, budget=1000 * total)
    with pytest.warns(UserWarning, match="is 1,500 times the cost of all candidates: check its unit"):
        region.problem(candidates, budget=1500 * total)
    with pytest.warns(UserWarning, match="Nothing can be built: .*, 2 given"):
        region.problem(candidates, budget=2)


@pytest.mark.parametrize(
    ("ask", "words"),
    [
        (lambda _, region: region.travel_times("in-vehicle"), "not 'door_to_door' or 'in_vehicle'"),
        (lambda run, _: run.travel_times("today"), "'today' is not 'before', 'after' or 'all_built'"),
        (lambda run, _: run.why(1, gap=5), "why: .*\n  - gap: 5 is not less than or equal to 1"),
        (lambda run, region: region.problem(run.links), "candidates: a Table is not a Candidates"),
        (lambda run, _: pr.compare("folder", run), "first: 'folder' is not a Run"),
        (lambda run, _: pr.solve(run), "problem: a Run is not a DesignProblem or a RegionProblem"),
        (
            lambda run, _: pr.verify(run.result, run.problem),
            "problem: a Result .*\n  - result: a DesignProblem",
        ),
        (lambda _, region: region.candidates("gap"), "kinds: 'gap' is not a list"),
        (
            lambda *_: pr.Region.of("jing-jin-ji", settings="times.rail=false"),
            "settings: 'times.*' is not a list",
        ),
        *(
            (
                lambda *_, ask=ask: ask("jing-jin-ji", out=7, settings=True),
                "(?s)(?=.*out: 7 ).*settings: True ",
            )
            for ask in (pr.backcast, pr.closures, pr.robust, pr.sweep)
        ),
        (lambda *_: pr.atlas(3.5), "clusters: 3.5 is not a list"),
        (lambda _, region: region.candidates().take(["new"]), "take: these are no rows\\nonly integers"),
        (lambda _, region: region.candidates().take([999]), "take: these are no rows\\nindex 999"),
    ],
)
def test_arguments_of_the_wrong_type_or_range_are_refused_by_name(run, home, ask, words):
    region = pr.Region.read(home / "map.osm", cities=home / "cities.csv", country="CN", limit="2h")
    with pytest.raises(pr.OptimiserError, match=words):
        ask(run, region)


def test_an_unknown_argument_is_named_with_its_function_and_what_may_be_meant(run):
    with pytest.raises(TypeError, match=r"solve\(\) got an unexpected keyword argument 'gaps'.*'gap'"):
        run.solve(gaps=0.1)


def test_candidates_are_taken_by_a_mask(home):
    region = pr.Region.read(home / "map.osm", cities=home / "cities.csv", country="CN", limit="2h")
    candidates = region.candidates()
    last = candidates.table["candidate_id"].iloc[-1]
    for rows in (candidates.table["candidate_id"] == last, [len(candidates) - 1], [-1]):
        taken = candidates.take(rows)
        assert taken.table["candidate_id"].tolist() == [last]
        assert set(taken.arcs["candidate"]) == {0}
    assert len(candidates.take([])) == 0


def test_a_region_without_a_country_says_whose_speeds_and_costs_count(home):
    with pytest.warns(UserWarning, match=r"million USD.*country='world' confirms"):
        pr.Region.read(home / "map.osm", cities=home / "cities.csv")


def test_a_share_of_the_budget_may_have_any_size(run, half):
    assert run.solve(budget_share=1.5, time_limit_s=60).budget == run.budget * 3 // 2
    assert run.solve(budget_share=0.5).budget == half.budget


def test_figures_of_a_run_are_attributes(run):
    assert (run.objective, run.bound) == (run.plan.objective, run.plan.bound)
    assert run.limit == run.job.times.limit_s
    assert run.coverage.loc["all", "after_pairs"] == run.pairs["within_after"].sum()
    assert run.coverage.loc["all", "pairs"] == len(run.pairs)
    times = run.travel_times()
    pair = run.pairs.iloc[0]
    assert times.loc[pair["origin"], pair["destination"]] == pair["after_s"]
    assert times.loc[pair["destination"], pair["origin"]] == pair["after_s"]
    assert (times.to_numpy().diagonal() == 0).all()
    assert run.travel_times("before").loc[pair["origin"], pair["destination"]] == pair["before_s"]


def test_links_are_indexed_by_rank_and_lists_are_lists(run):
    assert (run.links.index.name, run.links.index.tolist()) == ("rank", list(range(1, len(run.links) + 1)))
    assert {type(used) for used in run.pairs["links"]} == {list}
    assert set().union(*run.pairs["links"]) <= set(run.built)
    assert all(run.rings[name].dtype == bool for name in ("formed", "required"))
    assert all(isinstance(value, list) for name in ("centres", "candidates") for value in run.rings[name])


def test_a_table_with_lists_is_saved_with_texts(run, tmp_path):
    run.pairs.to_file(tmp_path / "pairs.gpkg")
    again = gpd.read_file(tmp_path / "pairs.gpkg")
    assert again["links"].fillna("").tolist() == ["; ".join(used) for used in run.pairs["links"]]


def test_what_is_large_is_shown_in_one_line(run):
    problem = run.problem
    sizes = (
        f"{len(problem.nodes):,} nodes, {len(problem.candidates):,} candidates, {len(problem.pairs):,} pairs"
    )
    assert repr(problem).startswith(f"<DesignProblem job: {sizes}")
    assert repr(run.result).startswith(f"<Result job: {run.status}, objective {run.objective:,}")
    assert repr(run.summary).startswith("<Summary: format, ")
    found = run.frontier(points=2, gap=0.1)
    assert repr(found).startswith(f"<TracedFrontier job: {len(found.points)} points, ")


def test_the_pairs_that_gain_by_a_link_are_named_without_a_solve(run):
    for rank, link in run.links.iterrows():
        found = run.gains(rank)
        assert len(found) == link["pairs"]
        assert all(link["candidate_id"] in used for used in found["links"])
    assert run.gains(run.links.loc[1, "candidate_id"]).equals(run.gains(1))


def test_why_names_the_pairs_that_fall_back_without_the_link(run):
    why = run.why(1)
    lost = int(run.links["pairs_lost_alone"].iloc[0])
    assert why.candidate_id == run.links["candidate_id"].iloc[0]
    assert int(why.pairs["needs_it"].sum()) == lost
    needing = why.pairs[why.pairs["needs_it"]]
    limit_min = 120
    assert (needing["with_min"] <= limit_min).all()
    assert (needing["without_min"].fillna(10**6) > limit_min).all()
    assert (why.swaps.loc[why.swaps["change"] == "out", "candidate_id"] == why.candidate_id).any()
    assert not set(why.alternatives["candidate_id"]) & set(run.built)
    assert "Chosen in" in why.sure
    assert why.title in str(why)


def test_why_of_what_is_left_out_says_what_the_best_plan_with_it_gives_up(run):
    idle = next(name for name in run.candidates["candidate_id"] if name not in run.built)
    why, forced = run.why(idle), run.solve(force=[idle])
    assert (why.rank, why.candidate_id) == (0, idle)
    assert set(why.swaps.loc[why.swaps["change"] == "in", "candidate_id"]) == {*forced.built} - {*run.built}
    assert set(why.swaps.loc[why.swaps["change"] == "out", "candidate_id"]) == {*run.built} - {*forced.built}
    lost = {*run.plan.covered} - {*forced.plan.covered}
    assert int((why.moved["change"] == "lost").sum()) == len(lost)
    assert why.sentences[0].startswith("The plan leaves it out. With it, the best plan found")
    assert str(why).startswith(why.title)
    with pytest.raises(pr.OptimiserError, match="no proposal joins Xanadu - Nowhere"):
        run.why("Xanadu - Nowhere")


def test_a_comparison_says_what_each_plan_builds_and_reaches(run, half):
    both = pr.compare(run, half)
    links = both.links.set_index("candidate_id")["built_in"]
    assert set(links[links != "second"].index) == set(run.built)
    assert set(links[links != "first"].index) == set(half.built)
    differ = set(run.plan.covered) ^ set(half.plan.covered)
    assert len(both.pairs) == len(differ)
    assert both.figures.loc["links"].tolist() == [len(run.built), len(half.built)]
    assert f"cost, {run.money}" in both.figures.index
    euros = dataclasses.replace(both, second=dataclasses.replace(both.second, money="million EUR"))
    assert f"cost, {run.money} and million EUR" in euros.figures.index
    assert "and are not converted" in euros._repr_html_()


def test_the_still_map_of_a_comparison_shows_who_builds_what_and_which_cities_it_serves(run, half):
    both = pr.compare(run, half)
    figure = both.plot()
    texts = [text.get_text() for axes in figure.axes for text in axes.texts]
    alone = both.links[both.links["built_in"] != "both"]
    assert len(alone)
    assert {str(number) for number in alone["number"]} <= set(texts)
    assert {f"{value:,}" for value in both.figures.loc["objective"]} <= set(texts)
    gains = (run.cities["after"] > half.cities["after"]).sum()
    fills = [tuple(colour) for mark in figure.axes[0].collections for colour in mark.get_facecolors()]
    assert fills.count(to_rgba(plots.COMPARED["first"].colour)) == gains > 0


def test_a_frontier_goes_from_nothing_to_the_most_that_can_be_covered(run):
    found = run.frontier(points=4)
    assert found.points["cost"].is_monotonic_increasing
    assert found.points["objective"].is_monotonic_increasing
    assert set(found.links["candidate_id"]) <= set(run.candidates["candidate_id"])
    assert found.plot().axes
    names = dict(zip(run.candidates["candidate_id"], run.candidates["from_name"], strict=True))
    assert all(row.name.startswith(names[row.candidate_id]) for row in found.links.itertuples(index=False))


def test_the_plan_of_each_point_can_be_browsed(run):
    found = run.frontier(points=3)
    shown = found.browse()
    assert len(shown.names) == len(found.points)
    last = read(shown.pages[-1]).text
    assert all(found.labels[name]["name"] in last for name in found.curve.points[-1].plan.built)


def test_a_frontier_leaves_rings_aside_where_it_is_told_to(run):
    ring = square(links=tuple(RingLink(k, (k + 1) % 4) for k in range(4)), stops=(), least_stops=0)
    ringed = replace(run, counted=run.counted.replace(rings=(ring,)))
    assert ringed.frontier(points=2, rings=False).problem.rings == ()


def program() -> str:
    """Return the first program of the documentation."""
    text = (Path(pr.__file__).parent / "docs" / "python.md").read_text(encoding="utf-8")
    return re.search(r"## In one piece\n```python\n(.*?)```", text, re.DOTALL).group(1)


@pytest.mark.long
def test_the_program_of_the_documentation_runs_as_written(run, home, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    writer = osmium.SimpleWriter("north.osm.pbf")
    for element in osmium.FileProcessor(str(home / "map.osm")):
        writer.add(element)
    writer.close()
    Path("cities.csv").write_text(cities_csv(), encoding="utf-8")
    idle = next(name for name in run.candidates["candidate_id"] if name not in run.built)
    text = program()
    for written, here in (
        ('"jing-jin-ji"', f'"{home / "job.toml"}"'), ('"x"', f'"{idle}"'), ("3h30", "1h30"),
        ('"4h"', '"2h"'), ('country="CN"', 'country="CN", limit="2h"'), ('"rail_link"', '"road_upgrade"'),
    ):  # fmt: skip
        assert written in text
        text = text.replace(written, here)
    names: dict[str, object] = {}
    exec(text, names)  # noqa: S102 - it is our own documentation
    names["run"].close()
    names["plan"].close()
    assert names["plan"].cost <= 130_000
    assert Path("out", "report.html").is_file()


def test_reports_of_a_run_a_what_if_and_a_choice_of_candidates_can_be_opened_again(home, run, half, tmp_path):
    again = pr.load(run.report(tmp_path / "run"))
    again.close()
    assert again.plan == run.plan
    asked = {
        "half": half, "less": half.solve(without=1), "limit": run.solve(limit="1h45"),
        "none": run.solve(rings=False),
    }  # fmt: skip
    region = pr.Region.read(home / "map.osm", cities=home / "cities.csv", country="CN", limit="2h")
    problem = region.problem(region.candidates(["road_upgrade"]), budget_share=0.4, name="chosen")
    asked["chosen"] = pr.verify(problem, pr.solve(problem))
    for name, one in asked.items():
        again = pr.load(one.report(tmp_path / name))
        assert (again.problem, again.plan, again.changes) == (one.problem, one.plan, one.changes)
        assert (str(again), again.limit, again.budget) == (str(one), one.limit, one.budget)
        assert again.links.drop(columns="geometry").equals(one.links.drop(columns="geometry"))
        assert again.solve(without=1).plan.objective == one.solve(without=1).plan.objective
        again.close()
        one.close()
    with pytest.raises(pr.OptimiserError, match=r"step-by-step plan, which polyring\.load opens"):
        pr.cases(tmp_path / "half")
    again = pr.load(run.report(tmp_path / "half"))  # what replaces a what-if is not taken for one
    again.close()
    assert (again.changes, again.plan) == (run.changes, run.plan)
    words = (tmp_path / "less" / "report.html").read_text(encoding="utf-8")
    assert f"What if: without {asked['less'].changes.fixed_out[0]}, budget {half.budget:,}." in words
    assert "This is not the plan of the job." in words
    assert "polyring explain" not in words


def test_all_that_a_notebook_shows_of_hostile_names_is_text(tmp_path, monkeypatch, draws):
    monkeypatch.setenv("POLYRING_CACHE", str(tmp_path / "cache"))
    solve_here(monkeypatch)
    for part in draws(1, 2):
        names = PAYLOADS[6 * part : 6 * part + 6]
        rows = [(key, name, *row[1:]) for (key, row), name in zip(CITIES.items(), names, strict=True)]
        table = io.StringIO()
        csv.writer(table).writerows([("id", "name", "lon", "lat", "population"), *rows])
        folder = tmp_path / str(part)
        folder.mkdir()
        (folder / "map.osm").write_text(draw_map(), encoding="utf-8")
        (folder / "cities.csv").write_text(table.getvalue(), encoding="utf-8")
        region = pr.Region.read(folder / "map.osm", cities=folder / "cities.csv", country="CN", limit="2h")
        problem = region.problem(budget=0.3, name=names[0])
        plan = pr.verify(problem, pr.solve(problem, time_limit_s=60))
        less = plan.solve(without=[1], time_limit_s=60)
        curve, both = plan.frontier(points=2), pr.compare(plan, less)
        shown = [
            region,
            problem,
            plan,
            less,
            plan.why(1),
            both,
            curve,
            curve.browse(),
            pr.views({names[1]: both}),
        ]
        tables = [
            table._repr_html_() for table in (plan.links, plan.cities, plan.pairs, region.travel_times())
        ]
        plan.close()
        allowed = {
            "h4", "p", "table", "thead", "tbody", "tr", "th", "td", "details", "summary", "div", "style",
        }  # fmt: skip
        for text in [*(one._repr_html_() for one in shown), *tables]:
            page = read(text)
            assert {tag for tag, _ in page.tags} <= allowed
            assert not [name for _, attributes in page.tags for name in attributes if name.startswith("on")]
            assert "RAN" not in "".join(page.blocks)
        assert any(names[0].strip() in text for text in read(tables[1]).text)


def test_a_region_is_worked_through_step_by_step(home):
    region = pr.Region.read(home / "map.osm", cities=home / "cities.csv", country="CN", limit="2h")
    times = region.travel_times()
    assert times.loc["Alpha", "Alpha"] == 0
    assert times.index.tolist() == region.cities["name"].tolist()
    candidates = region.candidates(kinds=["gap", "road_link", "road_upgrade"])
    assert set(candidates.table["kind"]) <= {"gap", "road_link", "road_upgrade"}
    chosen = candidates.take(range(1, len(candidates)))
    problem = region.problem(chosen, limit="2h", budget=0.4, name="north in the peak")
    assert {one.id for one in problem.design.candidates} == set(chosen.table["candidate_id"])
    assert problem.design.budget == sum(chosen.costs.values()) * 2 // 5
    plan = pr.verify(problem, pr.solve(problem, gap=1e-3, time_limit_s=60))
    assert isinstance(plan, pr.Run)
    assert plan.cost <= problem.design.budget
    plan.report(home / "out")
    assert {"report.html", "links.csv", "plan.gpkg", "plan.png", "problem.json", "plan.json"} <= {
        path.name for path in (home / "out").iterdir()
    }
    plan.report(home / "out")  # its own folder may be written again
    other = plan.solve(limit="1h30", time_limit_s=60)
    assert all(str(one).startswith("north in the peak: ") for one in (plan, other))
    assert "<title>north in the peak: " in (home / "out" / "report.html").read_text(encoding="utf-8")
    assert {one.id for one in other.problem.candidates} == set(chosen.table["candidate_id"])
    plan.close()


def test_no_kinds_propose_nothing_and_a_table_in_their_place_is_refused(home):
    region = pr.Region.read(home / "map.osm", cities=home / "cities.csv", country="CN", limit="2h")
    assert len(region.candidates(kinds=[])) == 0 < len(region.candidates())
    own = gpd.GeoDataFrame({"from": ["Beta"], "to": ["Epsilon"]}, geometry=[None])
    with pytest.raises(pr.OptimiserError, match="of your own as file="):
        region.candidates(own)
    with pytest.raises(pr.OptimiserError, match=r"has no CRS\n.*set_crs\(4326\)"):
        region.candidates(file=own)


def test_faults_of_a_region_are_reported_when_it_is_described(home, tmp_path):
    for country, remedy in (("Germany", "did you mean DE"), ("XX", "such as CN")):
        with pytest.raises(NetworksError, match=remedy):
            pr.Region.read(home / "map.osm", cities=home / "cities.csv", country=country)
    with pytest.raises(pr.OptimiserError, match=r"region\.file: there is no file"):
        pr.Region.read(tmp_path / "none.osm.pbf", cities=tmp_path / "none.csv")


def test_tables_can_be_explored(run):
    assert "leaflet" in run.links.explore()._repr_html_()


@pytest.mark.parametrize("library", ["folium", "mapclassify"])
def test_exploring_without_its_libraries_names_the_extra(run, monkeypatch, library):
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(ImportError, match=rf"the package {library}.*uv run --extra explore"):
        run.links.explore()


def test_a_travel_time_matrix_takes_the_place_of_a_map(home):
    region = pr.Region.read(home / "map.osm", cities=home / "cities.csv", country="CN", limit="2h")
    slower = (2 * region.travel_times()).rename_axis("seconds")
    slower.to_csv(home / "times.csv")
    own = "id,from,to,seconds,cost\nnew,Beta,Epsilon,600,10\n"
    (home / "own.csv").write_text(own, encoding="utf-8")
    modelled = pr.Region.read(home / "times.csv", cities=home / "cities.csv", country="CN", limit="2h")
    assert modelled.travel_times().loc["Alpha", "Zeta"] == slower.loc["Alpha", "Zeta"]
    candidates = modelled.candidates(file=home / "own.csv")
    assert candidates.table["candidate_id"].tolist() == ["new"]
    for limit_s in (7200, 5400):  # with the same candidates, steps of another limit are not taken
        pairs = modelled.problem(candidates, limit=limit_s, budget=12).design.pairs
        assert {pair.limit for pair in pairs} == {limit_s}


@pytest.mark.parametrize("route", ["job", "map", "matrix"])
def test_own_candidates_are_left_out_and_forced_alike_on_every_route(home, tmp_path, route):
    """Alpha and Epsilon are 296 min apart by road, Alpha and Delta 192: each own link brings two pairs."""
    own = "id,from,to,seconds,cost\nbe,Beta,Epsilon,1000,10\nad,Alpha,Delta,1000,8\ncf,Gamma,Zeta,1000,30\n"
    (tmp_path / "own.csv").write_text(own, encoding="utf-8")
    given = {"cities": home / "cities.csv", "country": "CN", "limit": "2h"}
    region = pr.Region.read(home / "map.osm", **given)
    if route != "map":
        region.travel_times().rename_axis("seconds").to_csv(tmp_path / "times.csv")
    if route == "job":
        text = JOB.replace('file = "map.osm"', 'matrix = "times.csv"').replace("share = 0.3", "amount = 12")
        (tmp_path / "job.toml").write_text(text, encoding="utf-8")
        own_files = [f"candidates.file='{tmp_path / 'own.csv'}'", f"cities.file='{home / 'cities.csv'}'"]
        plan = pr.run(str(tmp_path / "job.toml"), settings=own_files, out=tmp_path / "out")
    else:
        region = region if route == "map" else pr.Region.read(tmp_path / "times.csv", **given)
        found = region.candidates(file=tmp_path / "own.csv")
        rows = found.table["candidate_id"].isin(["be", "ad", "cf"]).to_numpy().nonzero()[0]
        problem = region.problem(found.take(rows.tolist()), budget=12)
        plan = pr.verify(problem, pr.solve(problem))
    (best,) = plan.built
    other = "ad" if best == "be" else "be"
    less, more = plan.solve(without=[best]), plan.solve(force=[other])
    assert [*less.built, *more.built] == [other, other]
    assert [*less.solve(force=[best]).built] == [best]
    assert not less.solve(without=[1]).built
    assert plan.why(1).swaps["candidate_id"].tolist() == [best, other]
    with pytest.raises(pr.OptimiserError):
        plan.solve(force=["cf"])  # which costs more than the budget
    plan.close()


def test_tables_in_memory_take_the_place_of_files(home):
    on_file = {"cities": home / "cities.csv", "country": "CN", "limit": "2h"}
    known = pd.read_csv(home / "cities.csv", dtype={"id": str})
    points = gpd.GeoDataFrame(
        known.drop(columns=["lon", "lat"]), geometry=gpd.points_from_xy(known["lon"], known["lat"]), crs=4326
    )
    hills = gpd.GeoDataFrame({"terrain": ["hill"]}, geometry=[shapely.box(115, 38, 119, 41)], crs=4326)
    own = gpd.GeoDataFrame(
        {"id": ["new"], "from": ["Beta"], "to": ["Epsilon"], "seconds": [600], "cost": [10]},
        geometry=[None],
        crs=4326,
    )
    region = pr.Region.read(home / "map.osm", **on_file, terrain="plain")
    held = pr.Region.read(home / "map.osm", **{**on_file, "cities": points.to_crs(3857)}, terrain=hills)
    assert held.travel_times().equals(region.travel_times())
    table = held.candidates(file=own).table.set_index("candidate_id")
    assert table.loc["new", "cost"] == 10
    assert table.drop("new")["hill"].max() > 0.9
    assert region.candidates().table["hill"].max() == 0.0
    slower = (2 * region.travel_times()).rename_axis("seconds")
    modelled = pr.Region.read(slower, **{**on_file, "cities": points.set_index("id")})
    assert modelled.travel_times().loc["Alpha", "Zeta"] == 2 * region.travel_times().loc["Alpha", "Zeta"]


def test_times_in_memory_may_have_the_forms_of_files(home):
    on_file = {"cities": home / "cities.csv", "country": "CN", "limit": "2h"}
    times = pr.Region.read(home / "map.osm", **on_file).travel_times()
    long = times.rename_axis("origin").melt(ignore_index=False, var_name="destination", value_name="seconds")
    long = long.reset_index().dropna()
    minutes = long.assign(minutes=long.pop("seconds") / 60)
    square = (times / 60).rename_axis("minutes").reset_index()
    pairs = minutes.set_index(["origin", "destination"])
    square.set_index("minutes").to_parquet(home / "minutes.parquet")
    for table in (minutes, square, pairs, square.set_index("minutes"), home / "minutes.parquet"):
        assert pr.Region.read(table, **on_file).travel_times().equals(times)
    for table in (times, times.rename_axis("id"), minutes.rename(columns={"minutes": "time"})):
        with pytest.raises(
            NetworksError, match=r"^times in memory: .* exactly one of seconds, minutes is re"
        ):
            pr.Region.read(table, **on_file).travel_times()


def test_speeds_that_no_trip_reaches_are_warned_of_at_the_line_of_the_user(home):
    region = pr.Region.read(home / "map.osm", cities=home / "cities.csv", country="CN", limit="2h")
    times = (region.travel_times() / 60).rename_axis("seconds")
    with pytest.warns(UserWarning, match="of the times given need more than 500 km/h .*Alpha") as told:
        pr.Region.read(times, cities=home / "cities.csv", country="CN", limit="2h").travel_times()
    assert {one.filename for one in told} == {__file__}
    ends = {"from": ["Beta"] * 2, "to": ["Epsilon", "Alpha"], "cost": 10}
    for own, count in (({"seconds": 60}, 2), ({"mode": "rail", "speed_kmh": [9000, 90]}, 1)):
        candidates = region.candidates([], file=pd.DataFrame(ends | own))
        with pytest.warns(UserWarning, match=f"^{count} of the candidates given need more than 500 km/h"):
            region.problem(candidates, budget=20)


def test_faults_of_tables_in_memory_name_table_and_row(home):
    known = pd.read_csv(home / "cities.csv", dtype={"id": str})
    points = gpd.GeoDataFrame(known, geometry=gpd.points_from_xy(known["lon"], known["lat"]), crs=4326)
    first, second = known["id"].iloc[0], known["name"].iloc[1]

    def read(cities):
        return pr.Region.read(home / "map.osm", cities=cities, country="CN", limit="2h")

    twice = points.assign(id=[first, *known["id"].iloc[:-1]])
    words = rf"^cities in memory: .*\n  - row 2 \({second}\): id '{first}' is already used in row 1"
    with pytest.raises(NetworksError, match=words):
        read(twice).travel_times()
    with pytest.raises(NetworksError, match=r"^cities in memory: .*wrong columns"):
        _ = read(points.drop(columns="population")).cities
    with pytest.raises(pr.OptimiserError, match="no points"):
        read(points.set_geometry([shapely.box(115, 38, 119, 41)] * len(points)))
    with pytest.raises(pr.OptimiserError, match=r"^candidates in memory: .*\n  - row 1: from: no city"):
        read(known).candidates([], file=pd.DataFrame({"from": ["Nowhere"], "to": ["Beta"], "cost": [1]}))
    own = pd.DataFrame(
        {"id": ["new", "old"], "from": ["Beta"] * 2, "to": ["Epsilon", "Alpha"], "cost": [10, 7]}
    )
    assert read(known).candidates([], file=own).costs == {"new": 10, "old": 7}


def test_matrices_are_written_and_read_as_omx(run, home):
    on_file = {"cities": home / "cities.csv", "country": "CN", "limit": "2h"}
    region = pr.Region.read(home / "map.osm", **on_file)
    region.write_omx(home / "today.omx")
    again = pr.Region.read(home / "today.omx", **on_file)
    assert again.travel_times().equals(region.travel_times())
    run.write_omx(home / "plan.omx")
    with h5py.File(home / "plan.omx") as file:
        assert file.attrs["OMX_VERSION"] == b"0.2"
        assert file.attrs["SHAPE"].tolist() == [6, 6]
        assert list(file["data"]) == ["seconds", "seconds_all_built", "seconds_today"]
        for name, state in (("seconds", "after"), ("seconds_today", "before")):
            assert (np.asarray(file["data"][name]) == run.travel_times(state).to_numpy(dtype=float)).all()


def test_a_matrix_too_large_for_the_cities_is_refused_before_it_is_read(home):
    with h5py.File(home / "huge.omx", "w") as file:
        file.create_dataset("data/seconds", shape=(10**6, 10**6), chunks=(1000, 1000), dtype="f8")
    with pytest.raises(NetworksError, match="1000000 x 1000000, of 6 cities"):
        pr.Region.read(home / "huge.omx", cities=home / "cities.csv", country="CN", limit="2h").travel_times()


def test_omx_without_its_library_names_the_extra(home, run, monkeypatch):
    monkeypatch.setitem(sys.modules, "h5py", None)
    with pytest.raises(NetworksError, match="need the package h5py") as told:
        run.write_omx(home / "none.omx")
    assert "uv run --extra omx" in str(told.value)


def test_a_region_is_priced_with_a_cost_table_of_ones_own(home):
    rate = {"standard": "expressway-4", "mode": "road", "terrain": "plain", "per": "km"}
    rate |= {"basis": "drawn", "source": "here", "quality": "C"}
    words = "".join(f'{key} = "{text}"\n' for key, text in rate.items())
    ground = "hill = 1.0\nmountain = 1.0\nurban = 1.0\nwater = 1.0\n"
    head = f'money = "EUR"\nprice_year = 2024\n[multipliers]\n{ground}[[rates]]\n'
    text = f"{head}{words}low = 5\ncentral = 7\nhigh = 9\n"
    (home / "costs.toml").write_text(text, encoding="utf-8")
    (home / "priced.csv").write_text("id,from,to,length_km\nnew,Beta,Epsilon,125\n", encoding="utf-8")
    region = pr.Region.read(
        home / "map.osm", cities=home / "cities.csv", country="CN", limit="2h", costs=home / "costs.toml"
    )
    table = region.candidates(["gap"], file=home / "priced.csv").table.set_index("candidate_id")
    assert table.loc["new", ["cost_low", "cost", "cost_high"]].tolist() == [625, 875, 1125]
    assert repr(region) == "<Region map>"  # neither files nor folders of the machine


@pytest.mark.long
def test_a_problem_of_the_caller_is_benched(tmp_path):
    found = pr.bench([line(name="mine")], variants=["compact", "greedy"], time_limit_s=20, out=tmp_path)
    assert found.solves["instance"].unique().tolist() == ["mine"]
    assert found.variants.set_index("label")["best"].sum() >= 1
    assert (tmp_path / "summary.md").is_file()
    figure = found.plot_gaps()
    assert figure._repr_png_().startswith(b"\x89PNG")  # a notebook shows it
    (panel,) = figure.axes
    assert panel.get_title(loc="left") == "mine"
    assert [one.get_label() for one in panel.lines] == ["compact/highs"]  # greedy proves nothing
    assert read(found._repr_html_()).text[0] == "Variants"


def test_every_file_of_the_packages_is_installed():
    root = Path(__file__).parents[1]
    settings = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
    for package, patterns in settings["tool"]["setuptools"]["package-data"].items():
        every = (path for path in (root / package).rglob("*.*") if path.parent.name != "__pycache__")
        files = {path for path in every if path.suffix != ".py"}
        assert files <= {path for pattern in patterns for path in (root / package).glob(pattern)}
