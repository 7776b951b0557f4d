"""A reader that stops reading ends a command quietly."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

POLYRING = (sys.executable, "-c", "from optimiser.cli import main; main()")


@pytest.mark.skipif(sys.platform == "win32", reason="pipes close otherwise there")
@pytest.mark.parametrize("words", [("list",), ("list", "--json"), ("--help",), ("--version",)])
def test_a_closed_pipe_gives_141_and_no_message(words: tuple[str, ...]) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run([*POLYRING, *words], stdout=writing, stderr=subprocess.PIPE, text=True, check=False)
    os.close(writing)
    assert (done.returncode, done.stderr) == (141, "")
