"""Tables of what was built are read with their costs, or refused with all their faults."""

from __future__ import annotations

import csv
from datetime import date

import geopandas as gpd
import pandas as pd
import pytest
import shapely

from networks import regions
from optimiser.problem.errors import CandidateError, JobError
from optimiser.proposals.costs import builtin_cost_table
from optimiser.proposals.terrain import PLAIN
from optimiser.run.corridors import corridor_table, read_corridors

LINE = "LINESTRING (116 39, 117 39)"
DAY = date(2016, 3, 10)


def rows(found):
    return list(found.itertuples(index=False))


@pytest.fixture
def read(tmp_path):
    def from_text(text, *, after=DAY, level="central"):
        path = tmp_path / "built.csv"
        path.write_text(text)
        return rows(read_corridors(path, builtin_cost_table(), PLAIN, after=after, level=level))

    return from_text


def test_a_stated_cost_counts_and_another_is_the_length_at_the_rates(read):
    stated, rated = read(
        "id,mode,opened,geometry,length_km,standard,cost,cost_quality\n"
        f'a,road,2019,"{LINE}",10,expressway-6,777,A\n'
        f'b,rail,2019-05,"{LINE}",100,rail-250,,\n'
    )
    assert (stated.cost, stated.cost_basis, stated.cost_quality) == (777, "stated", "A")
    assert (rated.cost, rated.cost_basis, rated.cost_quality) == (20_000, "rates", "C")
    assert (stated.opened, rated.opened) == (date(2019, 12, 31), date(2019, 5, 31))


def test_without_a_published_length_that_of_the_line_counts_and_costs_have_levels(read):
    text = f'id,mode,opened,geometry,standard\na,road,2019,"{LINE}",first-class\n'
    central, low = read(text)[0], read(text, level="low")[0]
    assert central.length_km == pytest.approx(86.6, abs=0.2)  # a degree of longitude at 39 N
    assert (central.cost, low.cost) == (round(30 * central.length_km), round(15 * central.length_km))


def test_what_was_open_on_the_day_is_left_out_and_a_month_counts_as_its_last_day(read):
    days = [("a", "2016-03"), ("b", "2016-03-10"), ("c", "2015"), ("d", "2016-03-11")]
    text = "id,mode,opened,geometry,cost\n" + "".join(f'{name},road,{at},"{LINE}",1\n' for name, at in days)
    assert [one.id for one in read(text)] == ["a", "d"]


def test_all_faults_of_a_table_are_named_at_once(read):
    with pytest.raises(JobError) as fault:
        read(
            "id,mode,opened,geometry,cost,standard,length_km\n"
            f'a,tram,,"{LINE}",1,,\n'
            f'a,road,last year,"{LINE}",-1,,0\n'
            "b,road,2019,POINT (1 1),,no-such-road,\n"
            f'c,road,2019,"{LINE}",,,\n'
        )
    assert fault.value.faults == (
        "row 1: opened is missing",
        "row 1: mode `tram` is none of road, rail",
        "row 2: opened `last year` is none of YYYY, YYYY-MM and YYYY-MM-DD",
        "row 2: length_km `0` is not a number above 0",
        "row 2: cost `-1` is not a whole number above 0",
        "row 3: geometry is not a line",
        f"row 3: standard `no-such-road` is none of {', '.join(builtin_cost_table().standards)}",
        "row 4: neither cost nor standard is given",
        "the id `a` is used twice",
    )


def test_a_table_without_a_needed_column_or_without_later_openings_is_refused(read):
    with pytest.raises(JobError, match="has no column opened"):
        read(f'id,mode,geometry,cost\na,road,"{LINE}",1\n')
    with pytest.raises(JobError, match="none that was opened after 2020-01-01"):
        read(f'id,mode,opened,geometry,cost\na,road,2019,"{LINE}",1\n', after=date(2020, 1, 1))
    with pytest.raises(JobError, match="none that was opened after"):
        read(f'id,mode,opened,geometry,cost,left_out\na,road,2019,"{LINE}",1,part of b\n')
    with pytest.raises(CandidateError, match="table of corridors does not exist"):
        read_corridors(regions.folder("jing-jin-ji") / "no.csv", builtin_cost_table(), PLAIN, after=DAY)


def test_geojson_and_geopackage_are_read_alike_and_dates_may_be_dates(tmp_path):
    table = gpd.GeoDataFrame(
        {"id": ["x"], "mode": ["rail"], "opened": ["2019-12-30"], "cost": [9]},
        geometry=[shapely.from_wkt(LINE)],
        crs=4326,
    )
    found = []
    for name in ("built.geojson", "built.gpkg"):
        table.to_file(tmp_path / name)
        found += rows(read_corridors(tmp_path / name, builtin_cost_table(), PLAIN, after=DAY))
    assert {(one.id, one.opened, one.cost) for one in found} == {("x", date(2019, 12, 30), 9)}
    assert len(found) == 2


def test_the_table_of_the_run_says_what_was_found(read):
    two = gpd.GeoDataFrame(
        read(
            f"id,mode,opened,geometry,cost,left_out\n"
            f'a,road,2019,"{LINE}",1,\nb,road,2019,"{LINE}",2,part of a\n'
        )
    )
    of_a = {"id": ["a"], "share_found": [0.25], "ends_at_cities": [2], "share_on_rings": [0.5]}
    found = corridor_table(two, pd.DataFrame(of_a))
    assert found["left_out"].tolist() == ["", "part of a"]
    assert found["ends_at_cities"].fillna(-1).tolist() == [2, -1]
    assert found["share_found"].fillna(-1).tolist() == [0.25, -1]
    assert found["share_on_rings"].fillna(-1).tolist() == [0.5, -1]


@pytest.mark.shared
def test_the_table_of_the_region_has_the_shared_figures(shared_dir):
    folder = shared_dir / "data" / "jjj"
    with (folder / "backcast.csv").open(encoding="utf-8") as file:
        theirs = {row["id"]: row for row in csv.DictReader(file)}
    with (folder / "backcast_polylines.csv").open(encoding="utf-8") as file:
        points: dict[str, list[tuple[float, float]]] = {}
        for row in csv.DictReader(file):
            points.setdefault(row["id"], []).append((float(row["lon"]), float(row["lat"])))
    built = regions.read("jing-jin-ji").built
    assert built is not None
    with built.open(encoding="utf-8") as file:
        ours = {row["id"]: row for row in csv.DictReader(file)}
    assert list(ours) == list(theirs)
    for name, row in ours.items():
        known = theirs[name]
        assert [
            row["mode"],
            row["from"],
            row["to"],
            row["length_km"],
            row["opened_first"],
            row["opened"],
        ] == [known[key] for key in ("mode", "from", "to", "km", "opened_first", "opened_last")]
        assert row["quality"] == known["quality"]
        assert bool(row["cost"]) == bool(known["cost_bn_cny"])
        assert not row["cost"] or abs(int(row["cost"]) - 1000 * float(known["cost_bn_cny"])) <= 0.5
        assert list(shapely.from_wkt(row["geometry"]).coords) == points[name]


def test_in_the_region_twelve_costs_are_stated_and_three_corridors_do_not_count():
    region = regions.read("jing-jin-ji")
    assert region.built is not None
    found = rows(read_corridors(region.built, builtin_cost_table(), PLAIN, after=DAY))
    assert (len(found), sum(one.cost_basis == "stated" for one in found)) == (39, 12)
    assert [one.id for one in found if one.left_out] == ["zhanghu", "zhangda", "jingxiong_1"]
