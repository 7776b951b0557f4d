"""What the [[rings]] sections of a job may say."""

from __future__ import annotations

import pytest

from optimiser.job import loads, render
from optimiser.problem.errors import JobError

REGION = '[region]\nfile = "a.osm.pbf"\n'


def faults(text: str) -> str:
    with pytest.raises(JobError) as caught:
        loads(REGION + text)
    return "\n".join(caught.value.faults)


def test_each_section_is_a_ring_of_its_own() -> None:
    job = loads(REGION + '[[rings]]\nid = "a"\ncentres = ["X"]\n[[rings]]\nid = "b"\ncentres = ["Y", "Z"]\n')
    assert [(ring.id, ring.centres) for ring in job.rings] == [("a", ("X",)), ("b", ("Y", "Z"))]


def test_a_job_with_rings_is_read_back_as_it_was_written() -> None:
    job = loads(
        REGION + '[[rings]]\nid = "a"\ncentres = ["X"]\nradius_km = [20, 90.5]\n'
        '[[rings]]\nid = "b"\ncentres = ["Y"]\nmode = "rail"\nrequired = false\nreward = 7\n'
        'least_by_tier = {secondary = 3}\nmust = ["W"]\n'
    )
    assert loads(render(job)) == job


def test_one_ring_in_the_arrangement_of_before_is_a_ring() -> None:
    text = REGION + '[[rings]]\nid = "a"\ncentres = ["X"]\n'
    assert loads(f'{text}count = 1\narrangement = "nested"\n') == loads(text)


def test_faults_of_all_rings_come_at_once_each_with_its_line() -> None:
    found = faults(
        '[[rings]]\nid = "a"\ncentres = ["X"]\nradius_km = [90, 20]\n'
        '[[rings]]\nid = "b"\ncentres = ["Y"]\nradios_km = [20, 90]\n'
    )
    assert "job:3: rings.0: radius_km must be [least, most]" in found
    assert "job:10: unknown key 'rings.1.radios_km'; did you mean 'radius_km'?" in found


@pytest.mark.parametrize(
    ("said", "answer"),
    [
        ("required = false", "needs a reward above 0"),
        ("reward = 5", "earns no reward"),
        ("time_s = [1, 2]", "unknown key 'rings.0.time_s': give the distance"),
        ("count = 2", "unknown key 'rings.0.count': write a section for each ring"),
        ('mode = "rail"\nrequired = false\nreward = "derived"', "no train would run round a rail ring"),
        ("web = true", "a web proposes centres itself"),
        ('web = true\nmode = "rail"', "a web proposes roads alone"),
        ("most_stretch = 0.9", "most_stretch must be 1 or more, or 0 for any length"),
        ('must = ["Y", "Y"]', "must names a city twice"),
        ("least_by_tier = {core = 1}", "least_by_tier names 'core', which is not among tiers"),
        ("least_by_tier = {small = -1}", "rings.0.least_by_tier.small"),
        ("on_minutes = 0", "greater than 0"),
    ],
)
def test_a_ring_that_contradicts_itself_is_refused(said: str, answer: str) -> None:
    assert answer in faults(f'[[rings]]\ncentres = ["X"]\n{said}\n')


def test_two_rings_of_one_id_are_refused() -> None:
    assert "rings.1.id: 'ring' is the id of another ring" in faults(
        '[[rings]]\ncentres = ["X"]\n[[rings]]\ncentres = ["Y"]\n'
    )


def test_an_unknown_ring_to_be_apart_from_is_refused_with_the_nearest_name() -> None:
    found = faults(
        '[[rings]]\nid = "outer"\ncentres = ["X"]\napart = ["iner"]\n'
        '[[rings]]\nid = "inner"\ncentres = ["X"]\n'
    )
    assert "rings.0.apart: there is no ring 'iner'; did you mean 'inner'?" in found


def test_a_key_of_one_ring_is_set_by_its_id_or_number() -> None:
    text = REGION + '[[rings]]\nid = "a"\ncentres = ["X"]\n[[rings]]\nid = "b"\ncentres = ["Y"]\n'
    job = loads(text, settings=["rings.b.least_cities=3", "rings.0.on_minutes=5.0"])
    assert [(ring.least_cities, ring.on_minutes) for ring in job.rings] == [(0, 5.0), (3, 20.0)]


def test_a_setting_of_an_unknown_ring_is_refused_with_the_nearest_one() -> None:
    with pytest.raises(JobError, match=r"no section 'outr'; did you mean 'outer'\?"):
        loads(REGION + '[[rings]]\nid = "outer"\ncentres = ["X"]\n', settings=["rings.outr.gap_count=2"])
