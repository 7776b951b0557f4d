"""Let the tests of rings draw with what the tests of candidates draw with."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "candidates"))
