"""Pin what polyring is made of, and list it with its licences.

    python tools/dependencies.py --pin              # after a change of the ranges in pyproject.toml
    python tools/dependencies.py --pin --upgrade    # to the newest versions that the ranges allow
    python tools/dependencies.py                    # write docs/dependencies.md

Pins are written into pyproject.toml: `uv.lock` names the hosts that packages came from, so it is not kept.
The page lists what a user gets with polyring, extras apart; tools of developers are not part of it.
"""

import argparse
import json
import re
import subprocess
import sys
import tempfile
import textwrap
import tomllib
from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "dependencies.md"
PROJECT = ROOT / "pyproject.toml"
PINS = re.compile(r"^constraint-dependencies = \[.*?\]$", re.MULTILINE | re.DOTALL)
BEGIN, END = "<!-- table -->", "<!-- end -->"
UV = (sys.executable, "-m", "uv")
LONGEST = 60
"""Characters of a licence in the table; some packages have the whole text in place of the name."""


def uv(*words: str) -> str:
    """Run uv in the project, and return what it prints."""
    return subprocess.run([*UV, *words], check=True, capture_output=True, text=True, cwd=ROOT).stdout


def exported(*options: str) -> list[str]:
    """Return the requirements of the resolved tree, each with its exact version."""
    plain = ("--quiet", "--no-hashes", "--no-annotate", "--no-header", "--no-emit-project")
    return [line.strip() for line in uv("export", *plain, *options).splitlines() if "==" in line]


def tree(*options: str) -> dict[str, str]:
    """Return the version of each package that is installed with some extras, by its name."""
    pins = (re.match(r"([\w.-]+)==([\w.+!-]+)", line) for line in exported("--no-dev", *options))
    return {pin[1].lower(): pin[2] for pin in pins if pin}


def pin(*, upgrade: bool) -> None:
    """Write the exact version of every dependency into pyproject.toml, all extras and groups included."""

    def write(block: str) -> None:
        text = PINS.sub(lambda _: block, PROJECT.read_text(encoding="utf-8"))
        PROJECT.write_text(text, encoding="utf-8")

    if upgrade:
        write("constraint-dependencies = []")
        (ROOT / "uv.lock").unlink(missing_ok=True)
    pins = sorted(set(exported("--all-extras", "--all-groups")), key=str.lower)
    quoted = [f"    '{one}'," if '"' in one else f'    "{one}",' for one in pins]
    write("\n".join(["constraint-dependencies = [", *quoted, "]"]))
    print(f"{len(pins)} pins written to {PROJECT.name}")


def licences(names: Iterable[str]) -> dict[str, str]:
    """Return the licence of each package as pip-licenses finds it in an environment with all extras."""
    with tempfile.TemporaryDirectory() as folder:
        wanted = Path(folder) / "requirements.txt"
        wanted.write_text("\n".join(exported("--no-dev", "--all-extras")), encoding="utf-8")
        python = uv("python", "find").strip()
        words = ("tool", "run", "--quiet", "--python", python, "--with-requirements", str(wanted))
        text = uv(*words, "pip-licenses", "--format=json", "--from=mixed")
    found = {row["Name"].lower().replace("_", "-"): row["License"] for row in json.loads(text)}
    stated = {name: found.get(name.replace("_", "-"), "not stated") for name in names}
    return {name: textwrap.shorten(text, LONGEST, placeholder=" …") for name, text in stated.items()}


def table() -> str:
    """Return the rows of the page."""
    with PROJECT.open("rb") as file:
        extras = [*tomllib.load(file)["project"]["optional-dependencies"]]
    parts = {"polyring": tree(), **{f"extra `{name}`": tree("--extra", name) for name in extras}}
    first = {name: title for title in reversed(parts) for name in parts[title]}
    of, own = licences(first), dict[tuple[int, str, str], list[str]]()
    for name, title in sorted(first.items()):
        place = [*parts].index(title)
        own.setdefault((place, title, of[name]), []).append(f"{name} {parts[title][name]}")
    rows = [f"|{title}|{licence}|{', '.join(found)}|" for (_, title, licence), found in sorted(own.items())]
    return "\n".join(["|with|licence|packages|", "|---|---|---|", *rows])


def main() -> None:
    """Do what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--pin", action="store_true", help="pin the tree instead of listing it")
    parser.add_argument("--upgrade", action="store_true", help="with --pin: to the newest versions")
    asked = parser.parse_args()
    if asked.pin:
        pin(upgrade=asked.upgrade)
        return
    text = PAGE.read_text(encoding="utf-8")
    before, after = text.partition(BEGIN)[0], text.partition(END)[2]
    PAGE.write_text(f"{before}{BEGIN}\n{table()}\n{END}{after}", encoding="utf-8")
    print(f"{PAGE.relative_to(ROOT)} is written")


if __name__ == "__main__":
    main()
