"""The targets of the fuzzer hold for their seeds, and for inputs that once broke them."""

from __future__ import annotations

from collections.abc import Callable

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
