"""Write the exact version of every dependency into pyproject.toml, without naming a host.

`uv.lock` names the hosts that packages came from, so it is not kept. Run `python tools/pin.py` after a change
of the dependencies, and `python tools/pin.py --upgrade` to move to the newest versions that the ranges allow.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent / "pyproject.toml"
BLOCK = re.compile(r"^constraint-dependencies = \[.*?\]$", re.MULTILINE | re.DOTALL)


def exported() -> list[str]:
    """Return every requirement of the resolved tree, all extras and groups included."""
    command = [sys.executable, "-m", "uv", "export", "--quiet", "--no-hashes", "--no-annotate", "--no-header"]
    command += ["--no-emit-project", "--all-extras", "--all-groups"]
    text = subprocess.run(command, check=True, capture_output=True, text=True, cwd=PROJECT.parent).stdout
    return sorted({line.strip() for line in text.splitlines() if "==" in line}, key=str.lower)


def main() -> None:
    """Pin the tree."""
    text = PROJECT.read_text(encoding="utf-8")
    if "--upgrade" in sys.argv[1:]:
        PROJECT.write_text(BLOCK.sub("constraint-dependencies = []", text), encoding="utf-8")
        (PROJECT.parent / "uv.lock").unlink(missing_ok=True)
    pins = exported()
    quoted = [f"    '{pin}'," if '"' in pin else f'    "{pin}",' for pin in pins]
    block = "\n".join(["constraint-dependencies = [", *quoted, "]"])
    PROJECT.write_text(BLOCK.sub(lambda _: block, PROJECT.read_text(encoding="utf-8")), encoding="utf-8")
    print(f"{len(pins)} pins written to {PROJECT.name}")


if __name__ == "__main__":
    main()
