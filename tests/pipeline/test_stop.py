"""A signal ends a block as an interruption, whatever a library makes of it."""

from __future__ import annotations

import os
import signal
from typing import NoReturn

import pytest

from optimiser.pipeline import stop


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_interrupts_a_block(number: int) -> None:
    with pytest.raises(stop.Interrupted), stop.on_signals():
        os.kill(os.getpid(), number)


def test_a_library_that_turns_the_signal_into_a_fault_of_its_import_is_interrupted_too() -> None:
    with pytest.raises(stop.Interrupted) as caught, stop.on_signals():
        _import_compiled()
    assert isinstance(caught.value.__cause__, ImportError)


def test_a_fault_without_a_signal_stays_what_it_is() -> None:
    with pytest.raises(ImportError), stop.on_signals():
        _fail_to_import()


def _import_compiled() -> None:
    """Do as compiled modules do whose start is interrupted."""
    try:
        os.kill(os.getpid(), signal.SIGINT)
    except stop.Interrupted:
        _fail_to_import()


def _fail_to_import() -> NoReturn:
    raise ImportError("initialization failed")
