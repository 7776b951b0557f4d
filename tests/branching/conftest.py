"""Let these tests draw problems as those of the core and of the cuts do."""

from __future__ import annotations

import sys
from pathlib import Path

for area in ("core", "cuts"):
    sys.path.append(str(Path(__file__).parent.parent / area))
