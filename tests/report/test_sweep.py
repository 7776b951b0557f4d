"""Check what a sweep says, on one whose outcomes are known functions of its factors."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from sweep_drawing import CITIES, LINKS, swept
from tiers import thinned

from optimiser.problem.errors import ProblemError
from optimiser.report import sweep as results
from optimiser.report import sweep_page
from optimiser.report.tables import COLUMNS
from optimiser.studies.sweep import load_sweep

DESIGNS = ["latin-hypercube", "saltelli", "morris", "one-at-a-time"]


def save(sweep, folder):
    """Write a sweep as `polyring sweep` does."""
    names = {
        "cases": sweep.cases,
        "case_links": sweep.case_links,
        "regret": sweep.regrets,
        "plans": sweep.plans,
    }
    for name, table in names.items():
        table.to_parquet(folder / f"{name}.parquet")
    (folder / "sweep.json").write_text(json.dumps(dict(sweep.facts)), encoding="utf-8")
    roads = pd.concat([LINKS.iloc[[0]]]).assign(link_class="primary")[["link_class", "geometry"]]
    results.write_layers(
        folder, cities=CITIES, candidates=LINKS, roads=roads, rail=roads.iloc[:0], chosen=["always", "fast"]
    )
    return folder


def test_links_are_ranked_by_the_share_of_futures_that_build_them():
    links = swept().links.set_index("candidate_id")
    assert links.index.tolist()[:2] == ["always", "station"]
    assert links["is_core"].to_dict() == {
        "always": True, "station": True, "fast": False, "slow": False, "cheap": False,
    }  # fmt: skip
    assert links.loc["fast", "share"] == 0.5
    assert links.loc["fast", "low"] < 0.5 < links.loc["fast", "high"]
    assert links["in_plan"].to_dict() == {
        "always": True, "station": True, "cheap": True, "fast": False, "slow": False,
    }  # fmt: skip


def test_a_link_names_the_factor_that_moves_it_and_its_shares_at_both_ends():
    links = swept().links.set_index("candidate_id")
    assert links.loc["fast", ["factor", "share_low", "share_high"]].tolist() == ["rail_speed", 0, 1]
    assert links.loc["slow", ["factor", "share_low", "share_high"]].tolist() == ["rail_speed", 1, 0]
    assert links.loc["always", "factor"] == ""


def test_the_job_itself_and_unsettled_cases_are_no_futures():
    sweep = swept()
    cases = sweep.cases.assign(gap=np.where(sweep.cases["case"] == 3, 0.5, 0.001))
    left = replace(sweep, cases=cases)
    assert left.futures["case"].tolist() == [1, 2, *range(4, 41)]
    assert left.unsettled == 1
    assert left.links["cases"].unique().tolist() == [39]


@pytest.mark.parametrize(
    ("unsettled", "status", "core"),
    [(0, "feasible", {"always", "station"}), (20, "feasible", {"always", "station"}), (21, "feasible", set()),
     (21, "infeasible", {"always", "station"})],
)  # fmt: skip
def test_below_half_of_the_cases_there_is_no_verdict(unsettled, status, core):
    sweep = swept()
    is_open = sweep.cases["case"].between(1, unsettled)
    cases = sweep.cases.assign(
        gap=sweep.cases["gap"].mask(is_open), status=sweep.cases["status"].mask(is_open, status)
    )
    assert set(replace(sweep, cases=cases).core["candidate_id"]) == core


def test_what_is_on_rings_of_the_plan_is_kept_and_not_chosen():
    sweep = swept(on_rings=["always"])
    assert set(sweep.core["candidate_id"]) == {"station"}
    assert sweep_page.lead(sweep).endswith(
        "What is on rings of the plan (1 links) is kept in each, and not chosen."
    )
    assert "rings" not in sweep_page.lead(swept())


def test_a_case_that_failed_is_no_future():
    sweep = swept()
    failed = sweep.cases["case"] == 5
    cases = sweep.cases.assign(
        weight_best=sweep.cases["weight_best"].mask(failed), gap=sweep.cases["gap"].mask(failed)
    )
    assert 5 not in replace(sweep, cases=cases).futures["case"].tolist()


@pytest.mark.parametrize(
    ("design", "count", "independent"),
    [("latin-hypercube", 40, 40), ("saltelli", 32, 64), ("morris", 12, 12), ("one-at-a-time", 4, None)],
)
def test_repeated_values_are_no_further_draws(design, count, independent):
    sweep = swept(design, count)
    assert sweep.independent == independent
    assert sweep.links["low"].isna().all() == (independent is None)


def test_sobol_indices_of_a_linear_outcome_of_one_factor():
    table = swept("saltelli", 512).indices.set_index(["outcome", "factor", "index"])["value"]
    assert table["pairs_best", "rail_speed", "first"] == pytest.approx(1, abs=0.02)
    assert table["pairs_best", "rail_speed", "total"] == pytest.approx(1, abs=0.02)
    assert table["pairs_best", "costs", "total"] == pytest.approx(0, abs=1e-9)
    assert table["cost_plan", "costs", "first"] == pytest.approx(1, abs=0.02)


def test_a_base_point_without_one_of_its_cases_is_left_out():
    whole, part = swept("saltelli", 32), swept("saltelli", 32)
    # Case 33 is row 0 of B.
    part = replace(part, cases=part.cases.assign(gap=part.cases["gap"].mask(part.cases["case"] == 33)))
    first, second = (one.indices.set_index(["outcome", "factor", "index"])["value"] for one in (whole, part))
    assert first["pairs_best", "rail_speed", "first"] != second["pairs_best", "rail_speed", "first"]
    assert second["pairs_best", "costs", "total"] == pytest.approx(0, abs=1e-9)


def test_effects_of_morris_are_those_over_the_whole_range_of_levels():
    table = swept("morris", 12).indices.set_index(["outcome", "factor", "index"])["value"]
    # The levels of speed run from 0.85 to 1.15, over which 15 pairs are gained.
    assert table["pairs_best", "rail_speed", "mu_star"] == pytest.approx(15)
    assert table["pairs_best", "rail_speed", "sigma"] == pytest.approx(0, abs=1e-9)
    assert table["pairs_best", "costs", "mu_star"] == 0


def test_one_at_a_time_gives_the_swing():
    table = swept("one-at-a-time").indices.set_index(["outcome", "factor", "index"])["value"]
    assert table["pairs_plan", "rail_speed", "swing"] == pytest.approx(16)
    assert table["cost_plan", "costs", "swing"] == pytest.approx(145 * 0.8)
    assert table["pairs_plan", "costs", "swing"] == 0


def test_factors_that_are_drawn_together_are_named():
    together = [{"factors": ["rail_speed", "costs"], "value": 0.5}]
    table = swept(correlations=together).indices.set_index(["outcome", "factor"])
    assert table.loc[("pairs_best", "costs"), "correlated"] == "rail_speed"
    assert set(swept().indices["correlated"]) == {""}


def test_regret_has_name_links_and_cost_of_each_plan():
    table = swept().regret.set_index("plan")
    assert table.loc[0, ["name", "links", "cost"]].tolist() == ["plan of the job", 3, 135]
    assert table.loc[1, ["name", "links", "cost", "fits"]].tolist() == ["robust core", 2, 105, 1]
    assert table.loc[0, "largest"] == pytest.approx(20)
    assert table.loc[0, "fits"] == pytest.approx(28 / 40)


def test_the_value_of_waiting_goes_by_whether_overruns_are_paid():
    sweep = swept()
    paid, hard = (sweep.value_of_waiting(overruns_are_paid=paid) for paid in (True, False))
    assert (paid.plan, paid.value.value) == (0, pytest.approx(20))
    assert (hard.plan, hard.value.value) == (1, pytest.approx(50))


def test_what_committing_to_the_core_costs():
    sweep = swept()
    assert sweep.cost_of_commitment is None
    weight = sweep.cases["weight_best"] - 7
    weight[sweep.cases["case"] > 30] = np.nan
    found = replace(sweep, committed=pd.DataFrame({"case": sweep.cases["case"], "weight": weight}))
    cost = found.cost_of_commitment
    assert (cost.cases, cost.possible, cost.loss.value) == (30, 0.75, pytest.approx(7))
    assert any("built now" in line for line in sweep_page.waiting_sentences(found))


@pytest.mark.parametrize("design", thinned(DESIGNS, 2))
def test_every_picture_of_every_design_is_drawn(design):
    sweep = swept(design, 16)
    for draw in sweep_page.PICTURES.values():
        figure = draw(sweep, dpi=40)
        figure.canvas.draw()
        assert figure.get_axes()


def test_the_ranking_writes_each_link_with_its_cost_and_marks_the_core():
    figure = sweep_page.draw_links(swept(), dpi=40)
    texts = {text.get_text(): text for text in figure.texts}
    assert texts["Ahafen – Bdorf, new rail line"].get_weight() == "bold"
    assert texts["Bdorf – C <b>burg</b>, new road"].get_weight() == "normal"
    assert "Robust core, in at least 90 %: 2 links for 105 million EUR" in " ".join(texts)
    assert "rail_speed: 0 % → 100 %" in texts
    _, *bars = figure.get_axes()[0].patches  # the first one is the ground of the core
    assert [bar.get_width() for bar in bars] == [1, 1, 0.5, 0.5, 0.5]
    filled = [bar.get_facecolor() == bar.get_edgecolor() for bar in bars]
    assert filled == [True, True, True, False, False]  # always, station and cheap are in the plan


def test_a_dear_link_of_the_plan_is_drawn_however_rare_it_is(monkeypatch):
    monkeypatch.setattr(sweep_page, "LEAST_SHARE", 0.6)
    dear = swept().links.set_index("candidate_id")["cost"][["always", "station", "cheap"]]
    share = float(dear["cheap"] / dear.sum())
    for least, count in ((share, 3), (share + 0.001, 2)):  # cheap is chosen in half of the futures
        monkeypatch.setattr(sweep_page, "DEAR_SHARE", least)
        _, *bars = sweep_page.draw_links(swept(), dpi=40).get_axes()[0].patches
        assert len(bars) == count


def test_the_page_names_links_escapes_names_and_runs_no_script(tmp_path):
    path = sweep_page.write(swept(), tmp_path)
    text = path.read_text(encoding="utf-8")
    assert "Bdorf – C &lt;b&gt;burg&lt;/b&gt;, new road" in text
    assert "Region &lt;i&gt;X&lt;/i&gt;" in text
    assert "<script" not in text
    assert not re.search(r'(src|href)="(?!data:|#)', text)
    assert "2 of 5" in text
    assert sorted(one.name for one in tmp_path.glob("*.png")) == [
        f"sweep_{name}.png" for name in sorted(sweep_page.PICTURES)
    ]


def test_a_folder_is_read_back_with_what_its_map_shows(tmp_path):
    sweep = load_sweep(save(swept(), tmp_path))
    assert sweep.links["candidate_id"].tolist() == swept().links["candidate_id"].tolist()
    assert sorted(sweep.layers["links"]["candidate_id"]) == ["always", "fast"]
    assert sweep.layers["network"].set_index("layer").geometry["roads"].length > 0.9
    assert "40 futures" in str(sweep)
    assert "<table>" in sweep._repr_html_()
    with pytest.raises(ValueError, match="choose one of links"):
        sweep.plot("tornado")


def test_another_folder_is_refused_with_what_is_missing(tmp_path):
    with pytest.raises(ProblemError, match="not that of a finished sweep") as fault:
        load_sweep(tmp_path)
    assert "cases.parquet is missing" in str(fault.value)


def test_every_column_has_a_meaning():
    sweep = swept()
    assert list(sweep.indices.columns) == list(COLUMNS["sweep.indices"])
    assert list(sweep.regret.columns) == list(COLUMNS["sweep.regret"])
    assert list(sweep.links.columns) == list(COLUMNS["sweep.links"])
    assert list(sweep.by_factor.columns) == list(COLUMNS["sweep.by_factor"])
