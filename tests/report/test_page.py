from __future__ import annotations

import json
import re
import shlex
from dataclasses import replace
from itertools import cycle, repeat
from types import SimpleNamespace

import pytest
import typer
from hostile_names import PAYLOADS, read
from report_drawing import (
    PRICED,
    explored,
    line_problem,
    line_report,
    on_screen,
    report_out_of_reach,
    three_candidates,
)
from ring_square import shown

from optimiser import verify
from optimiser.cli.app import app
from optimiser.job import find
from optimiser.report import page, wording
from optimiser.run.reporting import idle


@pytest.fixture(scope="module")
def plain() -> list[str]:
    """Hold the page of the drawn plan once for the module."""
    return []


@pytest.fixture
def drawn(plain, report) -> str:
    if not plain:
        plain.append(page.render(report))
    return plain[0]


def test_no_tag_names_anything_to_fetch(drawn):
    fetching = {"src", "srcset", "data", "poster", "background", "action"}
    for tag, attributes in read(drawn).tags:
        assert not fetching & attributes.keys(), (tag, attributes)
        assert tag not in {"link", "iframe", "object", "embed", "base", "img"}


def test_the_only_address_a_reader_can_follow_is_the_attribution(drawn):
    addresses = [attributes["href"] for _, attributes in read(drawn).tags if "href" in attributes]
    assert [one for one in addresses if not one.startswith("#")] == [
        "https://www.openstreetmap.org/copyright"
    ]


def test_the_contents_lead_to_every_heading_in_its_order(drawn):
    tags = read(drawn).tags
    links = [
        attributes["href"][1:] for tag, attributes in tags if tag == "a" and attributes["href"][0] == "#"
    ]
    headings = [attributes["id"] for tag, attributes in tags if tag == "h2"]
    assert [one for one in links if one in headings] == headings
    assert set(links) <= {attributes["id"] for _, attributes in tags if "id" in attributes}
    assert len(links) > 5


def test_each_proposal_has_commands_that_the_program_takes(report):
    group = typer.main.get_command(app)
    shown = page.context(replace(report, idle=({"candidate_id": "left out", "adds": ()},)))
    rows = [*shown["links"], *shown["idle"]]
    said = [words for row in rows for words, _ in row["commands"]]
    assert set(said) == set(wording.WORDS["commands"].values())
    for row in rows:
        for _, command in row["commands"]:
            program, name, *given = shlex.split(command)
            context = group.get_command(None, name).make_context(name, given)
            settings = context.params.get("settings") or []
            if name == "explain":
                assert (str(context.params["home"]), context.params["link"]) == (".", row["candidate_id"])
            else:
                chosen = find("jing-jin-ji", settings=settings).job.candidates
                assert (*chosen.fixed_in, *chosen.fixed_out) == (row["candidate_id"],)
            assert program == "polyring"


def test_what_is_considered_and_not_built_is_listed_with_the_pairs_it_would_add():
    report, table = line_report("bc"), three_candidates()
    left = SimpleNamespace(problem=line_problem(), plan=SimpleNamespace(built=("bc",)))
    left.candidates = SimpleNamespace(table=table)
    rows = idle(left)
    assert {row["candidate_id"]: len(row["adds"]) for row in rows} == {
        name: len({*verify.score(line_problem(), ("bc", name)).covered})
        - len({*verify.score(line_problem(), ("bc",)).covered})
        for name in ("cd", "idle")
    }
    assert [row["candidate_id"] for row in rows] == ["cd", "idle"]
    (first, _) = page.context(replace(report, idle=rows))["idle"]
    ends = report.pairs.loc[rows[0]["adds"], ["origin", "destination"]].iloc[0]
    assert first["pairs"].split("; ")[0] == " – ".join(report.cities["name"].iloc[ends])
    assert first["commands"][0] == (wording.WORDS["commands"]["why_not"], "polyring explain . cd")
    text = page.render(replace(report, idle=rows))
    assert "Considered, not built (2)" in text
    assert "Considered, not built" not in page.render(report)


def test_the_page_of_a_what_if_says_so_and_offers_no_command_of_the_job(report):
    drawn = page.render(replace(report, what_if="What if: no <rings>.", is_of_job=False))
    assert "<strong>What if: no &lt;rings&gt;.</strong>" in drawn
    assert "polyring run" not in drawn
    assert "polyring explain" not in drawn
    assert "tap on it shows commands" not in drawn


def test_the_style_sheet_fetches_nothing(drawn):
    sheet = re.search(r"<style>(.*?)</style>", drawn, re.DOTALL).group(1)
    assert "url(" not in sheet
    assert "@import" not in sheet


def test_the_policy_of_the_page_allows_nothing_but_its_own_scripts_by_hash(drawn):
    metas = [attributes for tag, attributes in read(drawn).tags if tag == "meta"]
    policy = next(meta["content"] for meta in metas if meta.get("http-equiv") == "Content-Security-Policy")
    rules = dict(rule.split(" ", 1) for rule in policy.split("; "))
    assert rules["default-src"] == "'none'"
    assert all(source.startswith("'sha256-") for source in rules["script-src"].split())
    assert "http" not in policy


def test_the_caution_on_a_screening_stands_before_all_figures_and_is_text(drawn, report):
    screened = page.render(replace(report, screening="Classes are <b>inferred</b>."))
    caution = '<p class="screening"><strong>Classes are &lt;b&gt;inferred&lt;/b&gt;.</strong></p>'
    assert 0 < screened.index(caution) < screened.index('class="figures"')
    assert '<p class="screening">' not in drawn


def test_the_map_block_is_json(drawn):
    block = re.search(r'<script type="application/json" id="map-data">(.*?)</script>', drawn, re.DOTALL)
    assert json.loads(block.group(1))["doc"]


def test_hostile_names_add_no_tag_and_are_read_as_written():
    honest, hostile = (
        read(page.render(explored(words))) for words in (repeat("Ada"), cycle([" ".join(PAYLOADS)]))
    )
    assert [tag for tag, _ in hostile.tags] == [tag for tag, _ in honest.tags]
    assert " ".join(PAYLOADS) in hostile.text


def test_json_in_the_page_holds_no_markup():
    text = page.as_json({"name": "</script><!-- & \u2028"})
    assert not set("<>&\u2028") & set(text)
    assert json.loads(text) == {"name": "</script><!-- & \u2028"}


def test_a_page_of_nothing_built_is_whole(make):
    assert "Nothing is built" in page.render(make())


def test_every_city_and_new_pair_stands_in_the_tables(drawn):
    text = " ".join(read(drawn).text)
    for name in ("Ada", "Bo", "Cy", "Di", "Ada – Di", "Bo – Di", "Cy – Di"):
        assert name in text


def test_assumptions_sources_and_attribution_are_shown(make):
    text = page.render(make("bc", assumptions=(("Wait", "15 min"),), sources=("A fact table.",)))
    assert all(words in text for words in ("Wait", "15 min", "A fact table.", "© OpenStreetMap contributors"))


def test_the_page_has_a_section_on_rings_only_where_the_job_asks_for_one(make, ringed):
    assert 'id="rings"' not in page.render(make("bc"))
    text = page.render(ringed)
    assert 'id="rings"' in text
    for words in (
        "89 % of it exists",
        "at least 2 requested",
        "also encloses Inner",
        "ring, to be built",
        "10 min",
    ):
        assert words in text


def test_the_page_explains_a_ring_that_is_not_formed(missed):
    text = page.render(missed)
    assert "No ring round Centre is formed." in text
    assert "reward 12" in text
    assert "ring, existing" not in text


def test_the_page_compares_a_ring_with_known_ones(compared):
    text = page.render(compared)
    for words in (
        "the known ring",
        "25 %",
        "12 %",
        "Drawn by hand",
    ):
        assert words in text


def test_names_on_a_ring_are_read_as_written(make):
    hostile = "<img src=x onerror=alert(1)>"
    ring = shown()
    odd = replace(ring, pieces=ring.pieces.assign(name=hostile), cities=ring.cities.assign(name=hostile))
    text = page.render(make("bc", rings=(odd,)))
    assert "<img" not in text
    assert "&lt;img src=x onerror=alert(1)&gt;" in text


def test_what_must_be_built_of_a_railway_ring_has_its_colour_in_the_legend(make):
    ring = shown()
    rail = replace(ring, facts=replace(ring.facts, mode="rail"))
    key = '<span class="ring-rail"><i class="ring-key new"></i>railway ring, to be built</span>'
    assert key in page.render(make("bc", rings=(rail,)))


def test_a_reward_that_is_earned_is_stated(make, earning):
    assert "reward 1,200" in page.render(make("bc", rings=(earning,)))


def test_the_page_counts_pairs_out_of_reach():
    assert "3 of 6 pairs (3 small) stay beyond 4 hours" in page.render(report_out_of_reach())


def test_the_page_compares_the_plan_with_the_one_without_demands(make):
    text = page.render(make("bc", fairness=PRICED))
    assert "Effect and price of fairness" in text
    assert "<td" in text.split("fairness-heading")[3]
    for cell in ("50 (25.0 %)", "160 (80.0 %)", "180 (90.0 %)", "+20", "-30"):
        assert f'<td class="number">{cell}</td>' in text


def test_without_demands_fairness_is_not_mentioned(make):
    report = make("bc")
    assert "fairness" not in on_screen(report).lower()
    assert "price of fairness" not in page.render(report)


@pytest.mark.parametrize("name", ["Bo", "<b>Bo</b>"])
def test_the_page_names_the_cities_that_the_plan_covers(make, name):
    tier = {"tier": "small", "cities": 2, "before": 0, "after": 1, "all_built": 2, "gained": (name,)}
    cover = {"meaning": "all of its pairs within the limit", "tiers": [tier]}
    text = page.render(make("bc", city_cover=cover))
    assert "Cities covered as a whole" in text
    assert name.replace("<", "&lt;").replace(">", "&gt;") in text
    assert "<b>Bo" not in text


def test_the_box_on_optimality_names_the_objective(make):
    report = replace(make("bc", counted="covered weight over all periods"), bound=99.0, gap=0.1)
    text = page.render(report)
    assert "The objective adds up covered weight over all periods." in text
    assert "no plan within the budget reaches more than 99; this plan reaches" in text


def test_a_proposal_tells_what_is_there_today(report):
    links = report.links.assign(
        today="road: G1 90 km, primary 2 km",
        today_s=5400,
        with_s=3601,
        beside="G1",
        beside_share=0.41,
        town_share=0.2,
    )
    rows = page.context(replace(report, links=links))["links"]
    row = next(one for one in rows if one["mode"] == "road")
    assert [one["setting"] for one in rows if one["mode"] == "rail"] == [""]
    assert row["today"] == "road: G1 90 km, main roads 2 km"
    assert row["setting"] == "41 % beside G1; 20 % in towns"
    assert row["minutes"] == {"before": "1:30", "after": "1:01"}


def test_without_evidence_a_proposal_shows_dashes(report):
    row = page.context(report)["links"][0]
    assert (row["today"], set(row["minutes"].values())) == ("", {"–"})
