"""What a job asks of rings becomes rules, with all faults at once."""

from __future__ import annotations

import math
from importlib import resources
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest

from networks.cities import CityNames
from optimiser.job.sections import Rings
from optimiser.problem.errors import JobError
from optimiser.run.rings import ring_rules

TABLE = pd.DataFrame({"city_id": ["1", "2", "3"], "name": ["Northtown", "Southport", "Eastham"]})
CITIES = SimpleNamespace(city_names=CityNames(TABLE))


def rules(*asked):
    return ring_rules([Rings(**one) for one in asked], CITIES)


def test_centres_go_by_name_or_id():
    (found,) = rules({"centres": ("Southport", "1")})
    assert found.centres == (1, 0)


def test_unknown_centres_of_all_rings_are_listed_with_the_nearest_name():
    with pytest.raises(JobError) as caught:
        rules({"centres": ("Suthport",)}, {"id": "b", "centres": ("Northtown", "Estham")})
    assert [fault.split("; ")[1] for fault in caught.value.faults] == [
        "did you mean 'Southport'?",
        "did you mean 'Eastham'?",
    ]


def test_a_ring_is_apart_from_the_rings_that_it_names():
    inner, outer = rules(
        {"id": "in", "centres": ("1",)}, {"id": "out", "centres": ("1", "2"), "apart": ("in",)}
    )
    assert (inner.centres, inner.apart) == ((0,), ())
    assert (outer.centres, outer.apart) == ((0, 1), ("in",))


def test_the_default_standard_is_an_expressway_or_a_fast_railway():
    road, rail = rules({"centres": ("1",)}, {"id": "b", "centres": ("1",), "mode": "rail"})
    assert (road.classes, road.speed_kmh) == (("motorway",), 0.0)
    assert (rail.classes, rail.speed_kmh) == ((), 160.0)


def test_cities_that_must_lie_on_a_ring_go_by_name_or_id_and_are_no_centres():
    (found,) = rules({"centres": ("1",), "must": ("Southport", "3"), "least_by_tier": {"small": 2}})
    assert (found.must, found.least_by_tier) == ((1, 2), (("small", 2),))
    with pytest.raises(JobError) as caught:
        rules({"centres": ("1",), "must": ("1", "Suthport")})
    assert caught.value.faults == (
        "rings.0.must ('ring'): no city is called 'Suthport'; did you mean 'Southport'?",
        "rings.0.must ('ring'): '1' is a centre, which the ring goes round",
    )


def test_a_limit_of_nought_is_none():
    (found,) = rules({"centres": ("1",), "most_stretch": 0.0})
    assert (found.longest_km, found.most_stretch, found.is_short) == (math.inf, math.inf, False)
    (found,) = rules({"centres": ("1",)})
    assert (found.longest_km, found.most_stretch, found.is_short) == (math.inf, 1.15, True)


@pytest.mark.parametrize("package", ["optimiser.proposals.rings", "optimiser.engine.search.circuits"])
def test_the_code_knows_no_region(package):
    source = " ".join(
        path.read_text(encoding="utf-8").lower() for path in Path(str(resources.files(package))).glob("*.py")
    )
    for word in ("beijing", "tianjin", "hebei", "jing-jin-ji", "jjj", "g95", "capital"):
        assert word not in source
