"""Test loading travel times and weights in long and square form."""

from __future__ import annotations

import h5py
import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st
from tiers import examples

from networks import skims
from networks.cities import build
from networks.errors import SchemaError, SourceError
from networks.matrix import load_times, load_weights, write_omx
from networks.skims import ARC_KINDS, UNREACHABLE


@pytest.fixture(scope="module")
def cities():
    columns = {
        "city_id": ["b", "t", "l"],
        "name": ["Beijing", "Tianjin", "Langfang"],
        "tier": ["core", "core", "secondary"],
        "population": [9, 8, 7],
        "population_definition": ["test"] * 3,
        "source": ["test"] * 3,
    }
    return build(columns, lon=[116.4, 117.2, 116.7], lat=[39.9, 39.1, 39.5])


@pytest.fixture
def write(tmp_path):
    def to_file(text, name="matrix.csv"):
        (tmp_path / name).write_text(text, encoding="utf-8")
        return tmp_path / name

    return to_file


LONG = "origin,destination,seconds\nb,t,5000\nt,b,5100\nb,l,3000\nl,b,3000\nt,l,2900\nl,t,2900\n"


def test_the_long_form_gives_the_times(cities, write):
    skim = skims.travel_times(load_times(write(LONG), cities))
    assert skim.tolist() == [[0, 5000, 3000], [5100, 0, 2900], [3000, 2900, 0]]


def test_the_square_form_gives_the_same_times(cities, write):
    square = "seconds,b,t,l\nb,0,5000,3000\nt,5100,0,2900\nl,3000,2900,\n"
    long, found = load_times(write(LONG), cities), load_times(write(square, "square.csv"), cities)
    assert skims.travel_times(found).tolist() == skims.travel_times(long).tolist()


@pytest.mark.parametrize(
    ("ids", "kind"),
    [(["b", "t", "l"], "S"), (["7", "10", "9"], "i"), (["07", "7", "9"], "S"), (["北京", "7", "9"], "S")],
)
def test_omx_keeps_ids_of_any_kind_also_for_cities_in_another_order(cities, tmp_path, ids, kind):
    table = cities.table.assign(city_id=ids)
    seconds = pd.DataFrame([[0, 5000, 3000], [5100, 0, 2900], [3000, 2900, 0]])
    write_omx(tmp_path / "t.omx", ids, {"seconds": seconds})
    with h5py.File(tmp_path / "t.omx") as file:
        assert file["lookup/city_id"].dtype.kind == kind
    turned = type(cities)(table.iloc[[2, 0, 1]].reset_index(drop=True))
    found = skims.travel_times(load_times(tmp_path / "t.omx", turned))
    assert found.tolist() == [[0, 3000, 2900], [3000, 0, 5000], [2900, 5100, 0]]


def test_omx_without_ids_is_refused_unless_its_order_is_confirmed(cities, tmp_path):
    with h5py.File(tmp_path / "t.omx", "w") as file:
        file["data/seconds"] = [[0, 5000, 3000], [5100, 0, 2900], [3000, 2900, 0]]
        file["data/demand"] = [[0, 1, 2], [3, 0, 4], [5, 6, 0]]
    for load in (load_times, load_weights):
        with pytest.raises(SourceError, match=r"no mapping with the ids .* cities\.omx_in_order=true"):
            load(tmp_path / "t.omx", cities)
    found = skims.travel_times(load_times(tmp_path / "t.omx", cities, in_order=True))
    assert found[1].tolist() == [5100, 0, 2900]
    assert load_weights(tmp_path / "t.omx", cities, in_order=True)[2].tolist() == [5, 6, 0]


def test_minutes_are_converted_to_seconds(cities, write):
    text = "minutes,Beijing,Tianjin,Langfang\nBeijing,,83.3,50\nTianjin,,,\nLangfang,,,\n"
    assert skims.travel_times(load_times(write(text), cities))[0].tolist() == [0, 4998, 3000]


def test_an_absent_pair_is_unreachable(cities, write):
    text = "origin,destination,seconds\nb,t,5000\nl,b,3000\n"
    skim = skims.travel_times(load_times(write(text), cities))
    assert skim[1, 0] == skim[0, 2] == UNREACHABLE


def test_the_graph_has_one_node_per_city_and_arcs_of_kind_matrix(cities, write):
    graph = load_times(write(LONG), cities, definition="in_vehicle")
    assert graph.nodes["node_id"].tolist() == ["city:b", "city:t", "city:l"]
    assert set(graph.kind.tolist()) == {ARC_KINDS.index("matrix")}
    assert graph.definition == "in_vehicle"


def test_a_parquet_file_gives_the_same_times_as_a_csv_file(cities, write, tmp_path):
    frame = pd.read_csv(write(LONG))
    frame.to_parquet(tmp_path / "matrix.parquet")
    found = load_times(tmp_path / "matrix.parquet", cities)
    assert found.seconds.tolist() == frame["seconds"].tolist()


def test_all_faults_are_reported_at_once_with_their_lines(cities, write):
    text = "origin,destination,seconds\nb,t,fast\nb,x,1\nt,b,-1\nb,t,7\n"
    with pytest.raises(SchemaError) as caught:
        load_times(write(text), cities)
    faults = "\n".join(caught.value.faults)
    for part in (
        "line 2: 'fast' is not a number",
        "no city is called 'x'",
        "line 4: '-1' is negative",
        "is already given at line 2",
    ):
        assert part in faults


def test_a_city_without_any_time_is_reported(cities, write):
    with pytest.raises(SchemaError, match="no time from or to Langfang"):
        load_times(write("origin,destination,seconds\nb,t,7\n"), cities)


def test_a_time_below_half_a_second_is_rejected(cities, write):
    with pytest.raises(SchemaError, match="line 2: less than one second"):
        load_times(write("origin,destination,seconds\nb,t,0.4\nb,l,5\n"), cities)


def test_a_file_without_a_unit_is_rejected_with_the_valid_forms(cities, write):
    with pytest.raises(SchemaError, match="Square form"):
        load_times(write("origin,destination,time\nb,t,0.4\n"), cities)


def test_a_missing_file_is_reported(cities, tmp_path):
    with pytest.raises(SourceError, match="nowhere"):
        load_times(tmp_path / "nowhere.csv", cities)


def test_absent_weights_are_zero(cities, write):
    found = load_weights(write("origin,destination,weight\nb,t,12\nl,b,3\n"), cities)
    assert found.tolist() == [[0, 12, 0], [0, 0, 0], [3, 0, 0]]


def test_demand_in_square_form_is_read_without_the_diagonal(cities, write):
    found = load_weights(write("demand,b,t,l\nb,9,1,2\nt,3,9,4\nl,5,6,9\n"), cities)
    assert found.tolist() == [[0, 1, 2], [3, 0, 4], [5, 6, 0]]


def test_weights_must_be_whole_and_not_negative(cities, write):
    with pytest.raises(SchemaError, match="2 fault") as caught:
        load_weights(write("origin,destination,weight\nb,t,1.5\nl,b,-3\n"), cities)
    assert "line 2: 1.5 is not a whole number" in caught.value.faults


def test_faults_of_weights_refer_to_the_table_of_weights(cities, write):
    with pytest.raises(SchemaError, match=r"fault\(s\) in the table of weights") as caught:
        load_weights(write("origin,destination,weight\nb,t,-1\nb,nowhere,3\n"), cities)
    assert "matrix" not in str(caught.value).replace(caught.value.where, "")


@examples(60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(values=st.lists(st.integers(0, 2**40), min_size=9, max_size=9))
def test_weights_are_read_as_they_were_written(cities, write, values):
    square = np.array(values).reshape(3, 3)
    frame = pd.DataFrame(square, columns=["b", "t", "l"])
    frame.insert(0, "weight", ["b", "t", "l"])
    np.fill_diagonal(square, 0)
    assert np.array_equal(load_weights(write(frame.to_csv(index=False)), cities), square)


cell = st.one_of(
    st.text(max_size=5), st.sampled_from(["b", "t", "l", "Beijing", "1", "-1", "nan", "inf", "1e30", '"', ""])
)
heads = st.sampled_from(["origin,destination,seconds", "minutes,b,t,l", "seconds,b,b", "weight,b,t", ""])


@examples(150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(head=heads, rows=st.lists(st.lists(cell, min_size=1, max_size=5), max_size=5))
def test_any_table_gives_valid_values_or_an_error_that_names_the_file(cities, tmp_path, head, rows):
    text = "\n".join([head, *(",".join(row) for row in rows)])
    (tmp_path / "matrix.csv").write_bytes(text.encode("utf-8", errors="surrogatepass"))
    for load in (load_times, load_weights):
        try:
            found = load(tmp_path / "matrix.csv", cities)
        except (SchemaError, SourceError) as error:
            assert "matrix.csv" in str(error)  # noqa: PT017 - either outcome is right, each in its form
            continue
        numbers = found if load is load_weights else found.seconds
        assert (numbers >= 0).all()


def test_an_omx_matrix_of_another_name_is_told_its_own(cities, tmp_path):
    write_omx(tmp_path / "t.omx", cities.table["city_id"], {"TT": pd.DataFrame(np.eye(3))})
    with pytest.raises(SourceError, match=r"called TT; give the one .* the name seconds or minutes"):
        load_times(tmp_path / "t.omx", cities)
