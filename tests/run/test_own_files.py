"""What an embedded region gives a run can be stated by a job with files of its own."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from networks import regions
from networks.inputs import checksum
from optimiser import job
from optimiser.job import find
from optimiser.problem import problem_file
from optimiser.run.chain import Chain
from optimiser.run.source import Source

KEYS = {
    "region": {"file": "network", "gtfs": "timetable"},
    "cities": {"file": "cities"},
    "costs": {"terrain": "terrain"},
    "backcast": {"built": "built"},
    "measures": {"places": "counties"},
}


def own_job(name: str, home: Path) -> Path:
    """Write a ready job on a region anew, with copies of the files of the region in place of its name."""
    region = regions.read(find(name).job.region.name)
    texts = {"country": region.country, "title": region.title, "caution": region.caution}
    stated = {"region": texts | {"attribution": region.attribution}}
    for section, keys in KEYS.items():
        files = {key: path for key, field in keys.items() if (path := getattr(region, field)) is not None}
        stated.setdefault(section, {}).update({key: path.name for key, path in files.items()})
        for path in files.values():
            shutil.copyfile(path, home / path.name)
    if region.facts is not None:
        shutil.copyfile(region.facts / "rings.csv", home / "rings.csv")
        stated["measures"]["known_rings"] = "rings.csv"
    text = (Path(job.__file__).parent / "ready" / f"{name}.toml").read_text(encoding="utf-8")
    text = text.replace(f'name = "{region.name}"', "").replace('list = "cities"', "")
    for section, keys in stated.items():
        lines = "".join(f"{key} = {json.dumps(value)}\n" for key, value in keys.items() if value)
        head = f"[{section}]\n"
        text = text.replace(head, head + lines) if head in text else f"{text}\n{head}{lines}"
    (home / f"{name}.toml").write_text(text, encoding="utf-8")
    return home / f"{name}.toml"


def stated(source: Source) -> tuple[Source, dict[str, str]]:
    """Return all of a source but its notes and where its files lie, and the checksums of these."""
    sums = {key: checksum(path) for key, path in source.files.items()}
    return replace(source, files={}, notes=(), cities_from=""), sums


@pytest.mark.parametrize("name", ["jing-jin-ji", "yangtze-delta", "germany-rail"])
def test_a_job_of_ones_own_can_state_what_a_region_of_the_package_states(name: str, tmp_path: Path) -> None:
    own = Chain.of(find(str(own_job(name, tmp_path)))).source
    embedded = Chain.of(find(name)).source
    assert stated(own) == stated(embedded)
    assert all(path.is_relative_to(tmp_path) for path in own.files.values())


@pytest.mark.long
@pytest.mark.rare
def test_the_files_of_the_region_give_the_problem_of_the_region(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = own_job("jing-jin-ji", tmp_path)
    embedded = problem_file.dumps(Chain.of(find("jing-jin-ji")).design)
    monkeypatch.setenv("POLYRING_CACHE", str(tmp_path / "cache"))  # the two share nothing
    assert problem_file.dumps(Chain.of(find(str(own))).design) == embedded
    assert len(json.loads(embedded)["candidates"]) > 30
