"""Names that would run or break a page that does not escape them, and a reader of pages."""

from __future__ import annotations

import subprocess
from html.parser import HTMLParser
from pathlib import Path

PAYLOADS = (
    "</script><script>document.title='RAN'</script>",
    "${document.title='RAN'}",
    "`${document.title='RAN'}`",
    "<img src=x onerror=\"document.title='RAN'\">",
    "\"><svg onload=document.title='RAN'>",
    "{{ 7 * 7 }}{% raw %}",
    "<!--<script>",
    "javascript:document.title='RAN'",
    "]]><style>*{display:none}</style>",
    "&lt;b&gt;$$x$$ \u2028 @name",
)


class Reader(HTMLParser):
    """Collect tags, texts outside scripts, and the contents of scripts of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self.blocks: list[str] = []
        self.inside = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self.inside = tag if tag in ("script", "style") else ""

    def handle_endtag(self, tag: str) -> None:
        self.inside = "" if tag == self.inside else self.inside

    def handle_data(self, data: str) -> None:
        (self.blocks if self.inside else self.text).append(data)


def read(text: str) -> Reader:
    reader = Reader()
    reader.feed(text)
    return reader


def in_browser(page: Path, folder: Path) -> str:
    """Return what a browser without a screen makes of a page, five seconds after it was opened."""
    flags = [
        "--headless",
        "--no-sandbox",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
    ]
    command = ["chromium", *flags, f"--user-data-dir={folder / 'profile'}", "--virtual-time-budget=5000"]
    return subprocess.run(
        [*command, "--dump-dom", page.as_uri()], capture_output=True, text=True, check=True, timeout=60
    ).stdout
