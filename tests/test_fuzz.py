"""The targets of the fuzzer hold for their seeds, and for inputs that once broke them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from tiers import thinned

from networks.errors import NetworksError
from optimiser.problem.errors import OptimiserError
from tools import fuzz


def _null_in_a_table_of_strings() -> bytes:
    """Return a map whose key `route` begins with a null character: osmium read beyond its block."""
    head, _, rest = fuzz.TARGETS["pbf"][1]()[0].rpartition(b"\x05route")
    return head + b"\x05\0oute" + rest


FOUND = (("pbf", _null_in_a_table_of_strings),)
"""Target, and a function that makes the input."""


@pytest.mark.parametrize(("name", "make"), FOUND)
def test_what_once_broke_a_target_holds(name: str, make: Callable[[], bytes]) -> None:
    fuzz.TARGETS[name][0](make())


@pytest.mark.parametrize("name", fuzz.TARGETS)
def test_the_seeds_hold(name: str) -> None:
    target, seeds = fuzz.TARGETS[name]
    for seed in seeds():
        target(seed)


@pytest.mark.parametrize("name", fuzz.TARGETS)
@pytest.mark.parametrize("step", thinned(range(8), 2))
def test_cut_and_doubled_seeds_hold(name: str, step: int) -> None:
    target, seeds = fuzz.TARGETS[name]
    for seed in seeds():
        at = len(seed) * step // 8
        for data in (seed[:at], seed[:at] + seed, seed[:at] + b"\0" + seed[at:], seed[:at] + seed[at + 1 :]):
            target(data)


def test_a_value_that_must_not_be_breaks_a_target() -> None:
    with pytest.raises(fuzz.UnsoundError):
        fuzz.need(holds=False)
    assert not issubclass(fuzz.UnsoundError, NetworksError | OptimiserError)


def test_chance_draws_the_same_input_for_a_seed_and_keeps_what_breaks_a_target(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    seen: list[bytes] = []

    def refuses_short(data: bytes) -> None:
        seen.append(data)
        fuzz.need(len(data) > 9)

    monkeypatch.setattr(fuzz, "FOUND", tmp_path)
    monkeypatch.setitem(fuzz.TARGETS, "certificates", (refuses_short, list))
    broken = [fuzz.by_chance("certificates", 20, 0, seed) for seed in (1, 1, 2)]
    assert seen[:20] == seen[20:40] != seen[40:]
    short = {data for data in seen if len(data) == 9}
    assert {path.read_bytes() for path in (tmp_path / "certificates").iterdir()} == short
    assert broken == [sum(len(data) == 9 for data in seen[at : at + 20]) for at in (0, 20, 40)]
    assert all(0 < count < 20 for count in broken)
