"""A file of clusters gives one job each, with the same rules for all, and reports its faults at once."""

from __future__ import annotations

import pytest

from optimiser.job import load_clusters
from optimiser.problem.errors import JobError

TWO = """\
[times]
limit_s = 3600

[[cluster]]
name = "one"
title = "The first"
region = { file = "one.osm" }

[[cluster]]
name = "two"
title = "The second"
[cluster.region]
file = "two.osm"
country = "DE"
"""


def written(folder, text):
    path = folder / "clusters.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_each_cluster_has_its_region_and_the_rules_of_all(tmp_path):
    one, two = load_clusters(written(tmp_path, TWO))
    assert (one.title, one.loaded.name, two.loaded.name) == ("The first", "one", "two")
    assert [each.loaded.job.times.limit_s for each in (one, two)] == [3600, 3600]
    assert (one.loaded.job.region.country, two.loaded.job.region.country) == ("", "DE")
    assert two.loaded.files["region.file"] == tmp_path / "two.osm"


def test_the_clusters_of_the_package_can_be_read():
    found = load_clusters()
    assert len(found) == 12
    assert len({each.loaded.name for each in found}) == 12
    assert len({each.loaded.job.model_copy(update={"region": None}).model_dump_json() for each in found}) == 1


def test_trains_count_whatever_they_carry_unless_the_rules_say_otherwise(tmp_path):
    asked = "[candidates]\nleast_load = 0.5\n"
    for text, least in (("", 0.0), (TWO, 0.0), (asked + TWO, 0.5)):
        found = load_clusters(written(tmp_path, text) if text else None)
        assert {each.loaded.job.candidates.least_load for each in found} == {least}


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ('name = "two"', 'name = "one"', "cluster: the name one is given twice"),
        ('name = "two"', 'name = "../two"', "clusters.toml:10: cluster.1.name: string should match pattern"),
        (
            'title = "The second"',
            "title = 2",
            "clusters.toml:11: cluster.1.title: input should be",
        ),
        ('title = "The second"\n', "", "clusters.toml:9: 'cluster.1.title' is missing"),
        (
            'region = { file = "one.osm" }',
            "region = 3",
            "clusters.toml:7: cluster.0.region: input should be",
        ),
    ],
)
def test_faults_of_clusters_name_the_cluster(tmp_path, old, new, fault):
    assert old in TWO
    with pytest.raises(JobError) as caught:
        load_clusters(written(tmp_path, TWO.replace(old, new)))
    assert fault in str(caught.value)


def test_a_fault_in_a_region_names_its_line(tmp_path):
    with pytest.raises(JobError) as caught:
        load_clusters(written(tmp_path, TWO.replace('country = "DE"', "countri = 1")))
    assert "clusters.toml:14: unknown key 'cluster.1.region.countri'; did you mean 'country'?" in str(
        caught.value
    )


def test_a_file_without_clusters_is_refused(tmp_path):
    with pytest.raises(JobError, match="cluster: tuple should have at least 1 item"):
        load_clusters(written(tmp_path, "[times]\nlimit_s = 3600\n"))
