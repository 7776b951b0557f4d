"""Values between steps read back as they were written."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pandas as pd
from core_drawing import line
from ring_square import FACTS, design, links, square

from optimiser.frontier.cases import Layer
from optimiser.report.ring_layout import ExistingRing, RingReward
from optimiser.run.proposing import StatedProblem
from optimiser.run.rings import RingTables
from optimiser.run.store import load, save

EXISTING = (ExistingRing(("Hub", "Port"), 189.5),)
PAIRS = pd.DataFrame({"origin": [0], "destination": [1], "weight": [7]})


def test_a_draft_with_rings_reads_back_as_it_was_written(tmp_path: Path) -> None:
    draft = StatedProblem(design(square()), PAIRS, RingTables(links(), (FACTS,), EXISTING))
    save(tmp_path, draft)
    found = load(tmp_path)
    assert found.problem == draft.problem
    assert found.rings is not None
    assert (found.rings.facts, found.rings.existing) == ((FACTS,), EXISTING)
    assert found.rings.links["ring"].tolist() == links()["ring"].tolist()
    pd.testing.assert_frame_equal(found.pairs, PAIRS)


def test_a_draft_reads_back_with_its_layer_and_the_worth_of_its_rings(tmp_path: Path) -> None:
    layer = Layer(line().replace(rings=()), (0, 1, 2, 0, 0), (Fraction(1, 12),) * 5)
    worth = RingReward("outer", 1090, 7620, 789.6, 300.4, (17, 19))
    save(tmp_path, StatedProblem(design(square()), PAIRS, None, layer, (worth,)))
    found = load(tmp_path)
    assert (found.layer, found.rewards) == (layer, (worth,))


def test_a_draft_without_rings_has_none(tmp_path: Path) -> None:
    save(tmp_path, StatedProblem(design(square(), rings=()), PAIRS, None))
    assert load(tmp_path).rings is None


def test_what_a_mapping_holds_twice_is_written_and_read_once(tmp_path: Path) -> None:
    one, other = (RingReward(name, 1, 2, 3.0, 4.0, (5, 6)) for name in ("one", "other"))
    save(tmp_path, {"a": one, "b": other, "c": one, "d": 7, "e": 7})
    found = load(tmp_path)
    assert found == {"a": one, "b": other, "c": one, "d": 7, "e": 7}
    assert found["c"] is found["a"]
