"""A signal ends a block as an interruption, whatever a library makes of it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import NoReturn

import pytest

from optimiser.tasks import signals


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_interrupts_a_block(number: int) -> None:
    with pytest.raises(signals.Interrupted), signals.raise_on_signals():
        os.kill(os.getpid(), number)


def test_a_library_that_turns_the_signal_into_a_fault_of_its_import_is_interrupted_too() -> None:
    with pytest.raises(signals.Interrupted) as caught, signals.raise_on_signals():
        _import_compiled()
    assert isinstance(caught.value.__cause__, ImportError)


def test_an_optional_import_that_swallows_the_signal_does_not_hide_it() -> None:
    with pytest.raises(signals.Interrupted), signals.raise_on_signals(), suppress(ImportError):
        _import_compiled()


def test_an_exception_without_a_signal_is_unchanged() -> None:
    with pytest.raises(ImportError), signals.raise_on_signals():
        _fail_to_import()


def test_an_interruption_that_a_destructor_swallows_is_raised_again() -> None:
    with pytest.raises(signals.Interrupted), signals.raise_on_signals():
        _swallow_one()


def test_a_deferred_signal_waits_for_the_end_of_the_block() -> None:
    done = []

    def steps() -> None:
        with signals.defer_signals():
            os.kill(os.getpid(), signal.SIGTERM)
            done.append("all steps")

    with pytest.raises(signals.Interrupted), signals.raise_on_signals():
        steps()
    assert done == ["all steps"]


def test_a_run_that_is_ended_by_force_leaves_no_folder_behind(tmp_path: Path) -> None:
    code = (
        "import sys, time; from pathlib import Path\n"
        "from optimiser.run import folder; from optimiser.tasks import signals\n"
        "signals.GRACE_S = 0.2\n"
        "with signals.raise_on_signals(), folder.staged(Path(sys.argv[1])) as stage:\n"
        "    (stage / 'half.txt').write_text('half')\n"
        "    try:\n"
        "        print('ready', flush=True)\n"
        "        time.sleep(600)\n"
        "    except BaseException:\n"
        "        time.sleep(600)\n"
    )
    out = tmp_path / "new" / "out"
    run = subprocess.Popen(
        [sys.executable, "-c", code, str(out)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert run.stdout is not None
    assert run.stdout.readline() == "ready\n"
    run.send_signal(signal.SIGTERM)
    _, err = run.communicate(timeout=120)
    assert run.returncode == signals.EXIT_CODE
    assert "again to resume" in err
    assert list(tmp_path.iterdir()) == []


class _Swallowing:
    """Interrupts itself where Python drops what is raised."""

    def __del__(self) -> None:
        os.kill(os.getpid(), signal.SIGINT)


def _swallow_one() -> None:
    _Swallowing()
    time.sleep(20 * signals.RETRY_S)


def _import_compiled() -> None:
    """Do as compiled modules do whose start is interrupted."""
    try:
        os.kill(os.getpid(), signal.SIGINT)
    except signals.Interrupted:
        _fail_to_import()


def _fail_to_import() -> NoReturn:
    raise ImportError("initialization failed")
