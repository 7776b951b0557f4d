"""What machines are told of rings."""

from __future__ import annotations

import json
from dataclasses import replace

from ring_square import KNOWN, shown

from optimiser.run.rings import summarise


def test_the_summary_holds_rings_as_plain_values():
    row = json.loads(json.dumps(summarise(shown(overlaps=(KNOWN,)))))
    assert row["sentence"] == "A ring of 280 km round Centre through 3 cities; 89 % of it exists"
    assert (row["length_km"], row["existing_km"], row["new_km"], row["cost"]) == (280, 250, 30, 300)
    assert row["links"] == [2, 1, 0, 3]
    assert row["cities"][0] == {"city_id": "c", "name": "Sea", "tier": "small", "seconds": 0}
    assert row["inside"] == ["Centre", "Inner"]
    assert row["overlaps"][0]["share_of_reference"] == 0.125


def test_the_summary_says_that_a_ring_is_not_formed():
    row = summarise(replace(shown(()), reward=5))
    assert (row["formed"], row["reward"], row["links"], row["cities"], row["length_km"]) == (
        False,
        5,
        [],
        [],
        0,
    )
