"""README, pages and notebooks quote the figures of the last recorded run of the default job.

That run is the one of the tutorial for planners, whose output `python tools/tutorials.py` writes. Notebooks
ask the same job without rings, or with one, which changes no pair.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
TUTORIAL = "tutorial-planner.md"
NUMBER = r"(\d[\d,]*)"
README = {
    "today": rf"{NUMBER} of \d+ pairs of cities are within four hours door to door today",
    "pairs": rf"\d+ of {NUMBER} pairs of cities are within four hours door to door today",
    "spent": rf"Of \d+ billion CNY the plan spends {NUMBER}",
    "budget": rf"Of {NUMBER} billion CNY the plan spends",
    "gained": rf"bring {NUMBER} more pairs within the limit",
    "enough": rf"more pairs within the limit for {NUMBER} billion",
    "small": rf"{NUMBER} of them with a small city",
    "rings": rf"Another {NUMBER} billion closes? ",
    "lengths": r"ring roads? of ([\d, and]*\d) km",
    "relieved": rf"{NUMBER} of \d[\d,]* pairs of places no longer",
    "through": rf"of {NUMBER} pairs of places no longer",
}
"""How README words each figure."""
TUTORIAL_WORDS = {
    "today": rf"^ all +\d+ +{NUMBER} \(",
    "pairs": rf"they bring \d+ more of {NUMBER} pairs",
    "spent": rf"^cost {NUMBER} of",
    "budget": rf"\d+ of {NUMBER} billion CNY are enough",
    "gained": rf"they bring {NUMBER} more of",
    "enough": rf"{NUMBER} of \d+ billion CNY are enough",
    "small": rf"{NUMBER} of them of small cities",
    "rings": rf"another {NUMBER} billion closes?",
    "lengths": r"ring roads? of ([\d, and]*\d) km",
    "relieved": rf"takes a net {NUMBER} of",
    "through": rf"of {NUMBER} pairs of places out of",
    "plan": rf"^ all +\d+ +\d+ \(\d+ %\) +{NUMBER} \(",
}
"""How the output of the run words it."""


def _recorded() -> dict[str, str]:
    page = (ROOT / "docs" / TUTORIAL).read_text(encoding="utf-8")
    output = next(
        block for block in page.split("```console\n") if block.startswith("$ polyring run jing-jin-ji ")
    )
    sentence = " ".join(output.split("```")[0].split("\n\n")[0].split())
    found = {
        key: re.search(words, sentence) or re.search(words, output, re.MULTILINE)
        for key, words in TUTORIAL_WORDS.items()
    }
    assert all(found.values()), [key for key, one in found.items() if one is None]
    figures = {key: one[1] for key, one in found.items() if one}
    return figures | {"spent": f"{float(figures['spent'].replace(',', '')) / 1000:.0f}"}


@pytest.mark.parametrize("figure", README)
def test_readme_quotes_the_recorded_run(figure: str) -> None:
    text = " ".join((ROOT / "README.md").read_text(encoding="utf-8").split())
    assert re.findall(README[figure], text) == [_recorded()[figure]]


def _texts() -> Iterator[tuple[str, str]]:
    """Yield the prose of README and pages, and what notebooks say and show."""
    for page in (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))):
        yield page.name, re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    for file in sorted((ROOT / "notebooks").glob("*.ipynb")):
        for cell in json.loads(file.read_text(encoding="utf-8"))["cells"]:
            outputs = cell.get("outputs", [])
            shown = [one.get("text", one.get("data", {}).get("text/plain", [])) for one in outputs]
            said = cell["source"] if cell["cell_type"] == "markdown" else []
            yield file.name, "\n".join("".join(part) for part in (said, *shown))


def test_pages_and_notebooks_count_the_pairs_of_the_recorded_run() -> None:
    known, stale, seen = _recorded(), [], 0
    for name, text in _texts():
        plain = " ".join(text.split())
        for found in re.finditer(rf"{NUMBER} (more )?of {NUMBER} pairs of cities within 4 hours", plain):
            seen += 1
            if (found[1], found[3]) != (known["gained" if found[2] else "plan"], known["pairs"]):
                stale.append(f"{name}: {found[0]}")
        for found in re.finditer(rf"{NUMBER} of {NUMBER} pairs (?:of cities )?are within", plain):
            seen += 1
            if (found[1], found[2]) != (known["today"], known["pairs"]):
                stale.append(f"{name}: {found[0]}")
    assert stale == []
    assert seen >= 4
