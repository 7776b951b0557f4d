"""Plausible cases are shown as counts beside the proposals, a tornado and a table."""

from __future__ import annotations

from dataclasses import asdict, replace

import pandas as pd
from report_drawing import CASES, line_report, on_screen

from optimiser.report import page, webmap
from optimiser.report.inputs import CaseResults
from optimiser.report.tables import write_csv

FOUND = CASES
WIDE = replace(FOUND, rows=(), draws=({**FOUND.draws[0], "gap": 0.18},))


def report():
    plain = line_report("bc", "cd")
    return replace(plain, cases=FOUND, links=FOUND.with_counts(plain.links))


def test_only_cases_with_a_proven_plan_count():
    assert (FOUND.counted("bc"), FOUND.counted("cd"), FOUND.counted("idle")) == ("2 of 2", "1 of 2", "0 of 2")
    assert (FOUND.is_core("bc"), FOUND.is_core("cd")) == (True, False)


def test_what_closes_a_ring_of_the_plan_is_kept_and_not_chosen():
    kept = replace(FOUND, kept=("bc",))
    assert (kept.counted("bc"), kept.is_core("bc"), kept.verdict("bc")) == (
        "kept",
        False,
        "kept with the ring",
    )
    assert kept.counted("cd") == FOUND.counted("cd")
    assert kept.told("bc").startswith("Draws and cases keep what is on a ring")
    (core, *_) = kept.sentences(line_report("bc", "cd").links)
    size = "0 of 1 proposals that are on no ring, 0 % of their money"
    assert core == f"{size}, are chosen in at least 90 % of 2 joint draws."
    assert CaseResults(**asdict(kept)) == kept


def test_how_sure_the_link_of_most_pairs_is_is_said_apart():
    links = line_report("bc", "cd").links.assign(pairs_lost_alone=[3, 2])
    first, last = links["candidate_id"]
    assert f", without which most pairs are lost (3), is chosen in {FOUND.counted(first)} joint draws" in (
        FOUND.of_most_pairs(links)
    )
    told = replace(FOUND, kept=(first,)).of_most_pairs(links)
    assert f"(2), is chosen in {FOUND.counted(last)} joint draws" in told
    assert (WIDE.of_most_pairs(links), FOUND.of_most_pairs(links[:0])) == ("", "")
    assert FOUND.sentences(links)[0].endswith(" joint draws: Bo – Cy (expressway upgrade).")


def test_draws_and_single_cases_are_counted_apart():
    assert FOUND.told("idle") == "Chosen in 0 of 2 joint draws and in 0 of 2 single cases."
    assert replace(FOUND, draws=()).told("bc") == "Chosen in 2 of 2 single cases."
    assert replace(FOUND, rows=()).told("cd") == "Chosen in 1 of 2 joint draws."


def test_links_get_their_counts(tmp_path):
    counts = report().links.set_index("candidate_id")["chosen_in"]
    assert counts.to_dict() == {"bc": 2, "cd": 1}
    kept = replace(FOUND, kept=("bc",)).with_counts(line_report("bc", "cd").links)
    assert kept.set_index("candidate_id")["chosen_in"].isna().to_dict() == {"bc": True, "cd": False}
    write_csv(FOUND.listed, tmp_path / "cases.csv")
    assert pd.read_csv(tmp_path / "cases.csv")["built"].fillna("").tolist() == 2 * ["bc", "bc cd", "idle", ""]


def test_the_page_has_the_tornado_with_the_widest_bar_on_top():
    bars = FOUND.plot().axes[0]
    texts = [text.get_text() for text in bars.texts]
    assert list(zip(FOUND.table["name"], reversed(texts), strict=True)) == [("fast", "+3"), ("slow", "-1")]
    text = page.render(report())
    assert "How sure the proposals are" in text
    assert "<b>2 of 2</b>" in text
    assert 'src="data:image/png;base64,' in text


def test_the_tornado_has_a_bar_for_the_best_plan_of_a_case_and_a_mark_for_this_plan_in_it():
    table = FOUND.table
    assert table[["name", "plan", "best", "change"]].to_numpy().tolist() == [
        ["fast", 5, 6, 3],
        ["slow", 3, 2, -1],
    ]
    axes = FOUND.plot().axes[0]
    assert [bar.get_width() for bar in axes.patches] == [-1, 3]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["slow", "fast"]
    (marks,) = axes.collections
    assert marks.get_offsets()[:, 0].tolist() == [0, 2]


def test_the_screen_and_the_map_tell_the_counts():
    text = on_screen(report())
    assert "1 of 2 proposals, 33 % of their money, are chosen in at least 90 % of 2 joint draws" in text
    sources = webmap.draw(report()).select({"name": "links"})
    assert sorted(set(next(iter(sources)).data["halo"])) == [0.0, 0.55]


def test_the_value_survives_its_json_object():
    assert CaseResults(**asdict(FOUND)) == FOUND


def test_cases_with_a_wide_gap_are_left_out_and_counted():
    assert WIDE.solved == []
    assert (WIDE.verdict("bc"), WIDE.is_core("bc")) == ("–", False)
    assert WIDE.sentences(line_report("bc").links) == [
        "Only 0 of 1 joint draws were settled: no verdict.",
        "The plan keeps its budget in 1 of 1 joint draws.",
    ]


def test_draws_whose_solver_failed_count_as_stated_and_not_settled():
    assert (len(FOUND.draws), len(FOUND.solved), FOUND.verdict("bc")) == (4, 2, "robust")
    less = replace(FOUND, failed=1)
    assert less.verdict("bc") == "–"
    assert less.sentences(line_report("bc").links)[0] == "Only 2 of 5 joint draws were settled: no verdict."


def test_cases_alone_call_nothing_robust_or_fragile():
    alone = replace(FOUND, draws=())
    assert (alone.counted("bc"), alone.verdict("bc"), alone.is_core("bc")) == ("2 of 2", "–", False)
    assert alone.sentences(line_report("bc").links)[0] == (
        "How sure a proposal is takes joint draws (cases.draws), which were not asked for."
    )


def test_joint_draws_decide_how_sure_a_proposal_is_and_the_cases_stay_the_tornado():
    rows = [
        {**FOUND.rows[0], "name": f"draw {at}", "built": built, "fits": at < 2, "gap": gap}
        for at, (built, gap) in enumerate([(["cd"], 0.0), (["cd"], 0.01), (["bc"], 0.01), (["bc"], 0.1)])
    ]
    found = replace(FOUND, draws=rows)
    assert (found.counted("bc"), found.counted("cd")) == ("1 of 3", "2 of 3")
    assert (found.verdict("bc"), found.verdict("cd")) == ("fragile", "mixed")
    assert found.table.equals(FOUND.table)
    text = page.render(replace(report(), cases=found))
    assert "joint draws whose best plan has the" in text
    assert "3 joint draws</span>" in text
    assert found.sentences(line_report("bc", "cd").links)[:2] == [
        "0 of 2 proposals, 0 % of their money, are chosen in at least 90 % of 3 joint draws.",
        "The plan keeps its budget in 2 of 4 joint draws.",
    ]
    few = replace(FOUND, draws=[*rows, *[{**row, "gap": 0.1} for row in rows]])
    assert (few.verdict("cd"), few.is_core("cd")) == ("–", False)


def test_the_most_different_plan_is_called_so_where_that_is_proven():
    other = {"built": ["cd"], "words": ["C – D"], "cost": 200, "shared": 50, "pairs": 3, "is_proven": True}
    links, found = line_report("bc", "cd").links, replace(FOUND, other=other)
    assert (
        "The most different plan of nearly the same weight has 3 pairs within the limit and 25 % of its "
        "money in common with this one; it builds C – D."
    ) in found.sentences(links)
    with_ring = replace(found, kept=("bc",)).sentences(links)
    assert any(
        text.startswith("0 of 1 proposals that are on no ring, 0 % of their money,") for text in with_ring
    )
    assert any("25 % of its money, that on rings aside, in common with" in text for text in with_ring)
    cut = replace(FOUND, other=other | {"is_proven": False}).sentences(links)
    assert any(text.startswith("The most different plan found of") for text in cut)


def test_plans_that_keep_the_budget_or_of_robust_money_stand_beside_this_one():
    plan = {"status": "optimal", "gap": 0.0, "is_proven": True, "budget": 400}
    plans = (
        {**plan, "name": "plan that keeps it", "built": ["cd"], "cost": 300, "best": 2, "new": 1},
        {
            **plan,
            "name": "plan of sure money",
            "built": [],
            "cost": 0,
            "best": 1,
            "new": 0,
            "is_proven": False,
        },
    )
    found, links, than = replace(FOUND, plans=plans), line_report("bc", "cd").links, "(this plan 2)"
    assert found.sentences(links)[1:4] == [
        "The plan keeps its budget in 2 of 4 joint draws.",
        f"The best plan that keeps it brings 1 new pair {than} and costs 300 of the budget of 400.",
        f"The best plan of sure money brings at least 0 new pairs {than} and costs 0 of the budget of 400.",
    ]
    assert found.sentences(links)[4:] == FOUND.sentences(links)[2:]
    with_ring = replace(found, kept=("idle",)).sentences(links)
    assert with_ring[2].endswith("costs 300 of the budget of 400, rings included.")
    same = replace(FOUND, plans=({**plans[0], "built": ["bc", "cd"]},))
    assert same.sentences(links)[2] == "The best plan that keeps it is this one."
    kept = found.listed.set_index("name").loc["plan that keeps it"]
    assert kept[["status", "cost", "budget", "best", "new", "built"]].tolist() == [
        "optimal",
        300,
        400,
        2,
        1,
        "cd",
    ]
    assert CaseResults(**asdict(found)) == found


def test_what_enough_draws_choose_need_not_be_in_the_plan_and_is_nothing_on_its_rings():
    rows = [{**FOUND.draws[0], "built": built} for built in (["bc", "x"], ["bc", "x", "cd"], ["x", "cd"])]
    found = replace(FOUND, draws=rows)
    assert (found.chosen_by(0.9), found.chosen_by(0.5)) == (["x"], ["bc", "cd", "x"])
    assert replace(found, kept=("x",)).chosen_by(0.5) == ["bc", "cd"]
    assert WIDE.chosen_by(0.5) == []


def test_single_cases_that_do_not_count_are_named_and_below_half_none_is_said_to_matter_most():
    rows, links = {row["name"]: row for row in FOUND.rows}, line_report("bc").links
    slow, fast, wide = rows["slow"], rows["fast"], rows["slow"] | {"name": "wide", "gap": 0.18}
    half, few = (replace(FOUND, rows=some) for some in ((slow, wide), (fast, wide, wide | {"name": "wider"})))
    told = half.sentences(links)
    assert "Without a plan proven to be within 2 % are 1 of 2 single cases, which do not count: wide." in told
    assert "The assumption that moves the outcome most is 'slow'" in " ".join(told)
    assert half.table["name"].tolist() == ["slow"]
    told = " ".join(few.sentences(links))
    assert "are 2 of 3 single cases, which do not count: wide and wider. With fewer than half" in told
    assert "moves the outcome most is '" not in told
    assert few.table.empty
    assert [row["open"] for row in few.section(links)["rows"]] == [False, True, True]
    assert "single cases" not in " ".join(replace(FOUND, rows=(slow, fast)).sentences(links))
