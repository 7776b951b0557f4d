from __future__ import annotations

import json
import re
import shutil
import subprocess
from html.parser import HTMLParser

import pytest

from optimiser.report import page

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


@pytest.fixture(scope="module")
def plain() -> list[str]:
    """Hold the page of the drawn plan once for the module."""
    return []


@pytest.fixture
def drawn(plain, report) -> str:
    if not plain:
        plain.append(page.render(report))
    return plain[0]


def test_no_tag_names_anything_to_fetch(drawn):
    fetching = {"src", "srcset", "data", "poster", "background", "action"}
    for tag, attributes in read(drawn).tags:
        assert not fetching & attributes.keys(), (tag, attributes)
        assert tag not in {"link", "iframe", "object", "embed", "base", "img"}


def test_the_only_address_a_reader_can_follow_is_the_attribution(drawn):
    addresses = [attributes["href"] for _, attributes in read(drawn).tags if "href" in attributes]
    assert addresses == ["https://www.openstreetmap.org/copyright"]


def test_the_style_sheet_fetches_nothing(drawn):
    sheet = re.search(r"<style>(.*?)</style>", drawn, re.DOTALL).group(1)
    assert "url(" not in sheet
    assert "@import" not in sheet


def test_the_policy_of_the_page_allows_nothing_but_its_own_scripts_by_hash(drawn):
    metas = [attributes for tag, attributes in read(drawn).tags if tag == "meta"]
    policy = next(meta["content"] for meta in metas if meta.get("http-equiv") == "Content-Security-Policy")
    rules = dict(rule.split(" ", 1) for rule in policy.split("; "))
    assert rules["default-src"] == "'none'"
    assert all(source.startswith("'sha256-") for source in rules["script-src"].split())
    assert "http" not in policy


def test_the_map_block_is_json(drawn):
    block = re.search(r'<script type="application/json" id="map-data">(.*?)</script>', drawn, re.DOTALL)
    assert json.loads(block.group(1))["doc"]


@pytest.mark.parametrize("payload", PAYLOADS)
def test_a_hostile_name_adds_no_tag_and_is_read_as_written(payload, make, drawn):
    text = page.render(make("bc", "cd", "idle", names=("Ada", payload, "Cy", "Di")))
    hostile, plain = read(text), read(drawn)
    assert [tag for tag, _ in hostile.tags] == [tag for tag, _ in plain.tags]
    assert payload in hostile.text


def test_json_in_the_page_holds_no_markup():
    text = page.as_json({"name": "</script><!-- & \u2028"})
    assert not set("<>&\u2028") & set(text)
    assert json.loads(text) == {"name": "</script><!-- & \u2028"}


def test_a_page_of_nothing_built_is_whole(make):
    assert "Nothing is built" in page.render(make())


def test_every_city_and_new_pair_stands_in_the_tables(drawn):
    text = " ".join(read(drawn).text)
    for name in ("Ada", "Bo", "Cy", "Di", "Ada – Di", "Bo – Di", "Cy – Di"):
        assert name in text


def test_assumptions_sources_and_attribution_are_shown(make):
    text = page.render(make("bc", assumptions=(("Wait", "15 min"),), sources=("A fact table.",)))
    assert all(words in text for words in ("Wait", "15 min", "A fact table.", "© OpenStreetMap contributors"))


@pytest.mark.skipif(shutil.which("chromium") is None, reason="no browser here")
def test_in_a_browser_the_map_is_drawn_and_no_hostile_name_runs(make, tmp_path):
    report = make("bc", "cd", "idle", names=(PAYLOADS[0], PAYLOADS[2], PAYLOADS[3], PAYLOADS[4]))
    path = page.write(report, tmp_path / "report.html")
    flags = [
        "--headless",
        "--no-sandbox",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
    ]
    command = ["chromium", *flags, f"--user-data-dir={tmp_path / 'profile'}", "--virtual-time-budget=5000"]
    shown = subprocess.run(
        [*command, "--dump-dom", path.as_uri()], capture_output=True, text=True, check=True, timeout=60
    ).stdout
    assert "<title>Drawn land: 3 links" in shown
    assert 'class="bk-' in shown
