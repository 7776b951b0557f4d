"""Build the documentation site and check it: `python tools/site.py` writes build/site, to be read from disk.

Warnings are errors. Every link within the site must lead to a page, a file or an anchor that exists, and no
page may load anything from another host.
"""

import argparse
import re
import subprocess
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

ROOT = Path(__file__).resolve().parents[1]
START = "docs/index.html"

_REDIRECT = f"""<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>polyring</title>
<meta http-equiv="refresh" content="0; url={START}"></head>
<body><p><a href="{START}">Documentation of polyring</a></p></body></html>
"""
_FETCHED = re.compile(r"""(?:url\(\s*|@import\s+)["']?((?:https?:)?//[^"')\s]+)""")
"""Address that a style sheet loads from a host."""


class _Page(HTMLParser):
    """Anchors of a page, its links, and what it loads."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.anchors = {"", "top"}
        self.links: set[str] = set()
        self.loaded: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note what an element links to."""
        values = {name: value or "" for name, value in attrs}
        self.anchors.update(values[name] for name in ("id", "name") if name in values)
        target = values.get("href", values.get("src"))
        if target is not None:
            (self.links if tag == "a" else self.loaded).add(target)


def build(out: Path) -> int:
    """Write the site into a folder; return the exit code of Sphinx, which is not 0 after any warning."""
    words = ("-q", "-W", "--keep-going", "-c", str(ROOT / "docs"), str(ROOT), str(out))
    code = subprocess.run([sys.executable, "-m", "sphinx", *words], check=False).returncode
    (out / "index.html").write_text(_REDIRECT, encoding="utf-8")
    return code


def faults(site: Path) -> Iterator[str]:
    """Yield a line for each link that leads nowhere, and for each file that a page loads from another host.

    Parameters
    ----------
    site
        Folder of HTML pages. Addresses of other hosts that pages only link to are not visited.
    """
    pages = {path.resolve(): _Page(path.read_text(encoding="utf-8")) for path in sorted(site.rglob("*.html"))}
    for path, page in pages.items():
        here = path.relative_to(site.resolve()).as_posix()
        for link in sorted(page.links | page.loaded):
            parts = urlsplit(link)
            if parts.scheme == "data" or (link in page.links and parts.scheme in ("http", "https", "mailto")):
                continue
            if parts.scheme or parts.netloc:
                yield f"{here}: loads {link}"
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            if not target.is_file():
                yield f"{here}: {link} does not exist"
            elif target in pages and unquote(parts.fragment) not in pages[target].anchors:
                yield f"{here}: {link} has no such anchor"
    for path in sorted(site.rglob("*.css")):
        here = path.relative_to(site).as_posix()
        yield from (f"{here}: loads {link}" for link in _FETCHED.findall(path.read_text(encoding="utf-8")))


def main() -> int:
    """Build and check; return 1 where anything is wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=ROOT / "build" / "site", help="folder of the site")
    out = parser.parse_args().out
    code = build(out)
    found = list(faults(out))
    print("\n".join(found) or f"no broken link; open {out / 'index.html'}")
    return int(bool(code or found))


if __name__ == "__main__":
    raise SystemExit(main())
