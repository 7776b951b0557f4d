"""Cities that count as a whole are counted by tier, today, with the plan and with everything built."""

from __future__ import annotations

from toys import rivals

from optimiser import verify
from optimiser.job import loads
from optimiser.measures.coverage import TierCities
from optimiser.problem import City
from optimiser.report import sentences
from optimiser.run.covering import city_cover

JOB = loads(
    '[region]\nname = "jing-jin-ji"\n', settings=["city_coverage.weight=1", "city_coverage.share=0.8"]
)


def found(*built):
    cities = (
        City("x", 5, (0,), 1, "core"),
        City("y", 3, (1, 2), 2, "small"),
        City("z", 3, (0, 1), 2, "small"),
    )
    problem = rivals().replace(cities=cities)
    return city_cover(problem, verify.score(problem, built), JOB, {"y": "Ypsilon"})


def test_cities_are_counted_by_tier():
    assert found("to small").tiers == (
        TierCities("core", 1, 0, 0, 1, ()),
        TierCities("small", 2, 0, 1, 2, ("Ypsilon",)),
    )


def test_what_the_plan_covers_is_said_with_what_it_means():
    counts, gained = sentences.city_cover(found("to small"))
    assert counts == (
        "Cities covered as a whole (80 % of its pairs within the limit): core 0 today, 0 with the plan, "
        "1 with everything built, of 1; small 0 today, 1 with the plan, 2 with everything built, of 2."
    )
    assert gained == "Covered by the plan: Ypsilon."


def test_nothing_is_said_where_cities_do_not_count():
    problem = rivals()
    assert city_cover(problem, verify.score(problem, ()), JOB, {}) is None
    assert list(sentences.city_cover(None)) == []
