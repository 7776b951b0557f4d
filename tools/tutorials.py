"""Run the tutorials and write their output anew: `python tools/tutorials.py` (some minutes).

In the pages docs/tutorial-*.md a block `console` holds commands behind `$`, a block `pycon` Python behind
`>>>`; all other lines of such blocks are output. All pages work in build/tutorials, which is emptied first.
"""

import io
import os
import re
import shutil
import subprocess
import sys
from contextlib import chdir, redirect_stdout
from doctest import DocTestParser
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PAGES = [ROOT / "docs" / f"tutorial-{user}.md" for user in ("planner", "analyst", "researcher")]
FOLDER = ROOT / "build" / "tutorials"

_BLOCK = re.compile(r"^```(console|pycon)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_COLUMNS = "110"


def renewed(page: str) -> str:
    """Return a page with the output of its blocks as it is now.

    Parameters
    ----------
    page
        Text in Markdown. Its commands run in the current folder, its Python in one namespace.

    Raises
    ------
    RuntimeError
        When a command ends with another code than 0 or 10 (a usable plan without the proof asked for).
    """
    names: dict[str, object] = {}

    def block(found: re.Match[str]) -> str:
        language, text = found.groups()
        parts = _commands(text) if language == "console" else _statements(text, names)
        return f"```{language}\n{''.join(parts)}```"

    return _BLOCK.sub(block, page)


def _commands(text: str) -> list[str]:
    environment = {
        **os.environ,
        "COLUMNS": _COLUMNS,
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
    }
    parts = []
    for line in text.splitlines(keepends=True):
        if line.startswith("$ "):
            words = ["bash", "-o", "pipefail", "-c", line.removeprefix("$ ")]
            done = subprocess.run(words, capture_output=True, text=True, check=False, env=environment)
            if done.returncode not in (0, 10):
                raise RuntimeError(f"{line}ended with {done.returncode}:\n{done.stderr}")
            parts += [line, *(f"{row.rstrip()}\n" for row in done.stdout.strip("\n").splitlines())]
    return parts


def _statements(text: str, names: dict[str, object]) -> list[str]:
    parts = []
    for one in DocTestParser().get_examples(text):
        with redirect_stdout(io.StringIO()) as output:
            exec(compile(one.source, "<tutorial>", "single"), names)  # noqa: S102 - the pages are our own
        first, *others = one.source.splitlines()
        shown = (f">>> {first}", *(f"... {line}" for line in others), *output.getvalue().splitlines())
        parts += [f"{line.rstrip()}\n" for line in shown]
    return parts


def main() -> None:
    """Run all pages, in the order in which they build on each other."""
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(parents=True)
    for page in PAGES:
        with chdir(FOLDER):
            text = renewed(page.read_text(encoding="utf-8"))
        page.write_text(text, encoding="utf-8")
        print(f"{page.relative_to(ROOT)} is renewed")


if __name__ == "__main__":
    main()
