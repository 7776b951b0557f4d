"""Small files that make huge tables are refused, within 1 GB of memory."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile

import gtfs_drawing as drawing
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from networks.gtfs.feed import read_feed

pytest.importorskip("resource", reason="limits of memory are a matter of POSIX")

MOST_MB = 1000
"""Memory that reading takes at most, libraries included."""

STOPS = {"a": ("Aville", 0, 0), "b": ("Beton", 5, 0)}
TRIPS = {"1": [("a", "08:00:00"), ("b", "08:30:00")]}

READ = """
import json, resource, sys
from pathlib import Path
resource.setrlimit(resource.RLIMIT_DATA, (8 * 2**30,) * 2)
from networks import inputs, matrix
from networks.cities import build
from networks.gtfs.feed import read_feed
import pandas, pyarrow.parquet

columns = {"city_id": ["b", "t"], "name": ["B", "T"], "tier": ["core"] * 2, "population": [9, 8],
           "population_definition": ["test"] * 2, "source": ["test"] * 2}
cities = build(columns, lon=[116.4, 117.2], lat=[39.9, 39.1])
readers = {"feed": read_feed, "matrix": lambda path: matrix.load_times(path, cities),
           "frame": inputs.read_frame, "table": lambda path: inputs.read_csv(path, ["id"])}
kind, path = sys.argv[1:]
said = "read"
try:
    readers[kind](Path(path))
except Exception as error:
    said = f"{type(error).__name__}: {error}"
# Of this program alone: the figure of `getrusage` begins with that of the process that started it.
peak_kb = int(Path("/proc/self/status").read_text().partition("VmHWM:")[2].split()[0])
print(json.dumps([said, peak_kb / 1024]))
"""


def read_in_child(kind, path):
    """Read a file in a process of its own; return what was said, and the megabytes at the peak."""
    paths = os.pathsep.join(filter(None, sys.path))
    done = subprocess.run(
        [sys.executable, "-c", READ, kind, str(path)],
        env={**os.environ, "PYTHONPATH": paths},
        capture_output=True,
        text=True,
        check=True,
    )
    said, peak_mb = json.loads(done.stdout)
    return said, peak_mb


def zipped(folder, **tables):
    path = folder / "feed.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, parts in {**drawing.tables(STOPS, TRIPS), **tables}.items():
            with archive.open(f"{name}.txt", "w", force_zip64=True) as stream:
                for part in [parts] if isinstance(parts, str) else parts:
                    stream.write(part.encode())
    return path


def bomb_feed(folder):
    """Rows of 640 MB in 700 kB."""
    return zipped(folder, shapes=("s,1,1,1\n" * 2**20 for _ in range(80)))


def rows_feed(folder):
    """A table that unpacks to 20 MB, whose lines all get a thousand cells."""
    header = ",".join(f"column{n}" for n in range(1000))
    return zipped(folder, shapes=[f"{header}\n", *("s\n" * 2**20 for _ in range(10))])


def wide_matrix(folder):
    """A table of 198 kB whose lines have 20 million cells, each with a fault."""
    path = folder / "matrix.csv"
    columns = ",".join(f"c{n:04d}" for n in range(4500))
    path.write_text("\n".join([f"seconds,{columns}", *(f"u{n}" for n in range(4500))]))
    return path


def largest_matrix(folder):
    """A table at the limit of cells: none of 1,410 x 1,410 cities is known, and no time is a number."""
    path, size = folder / "matrix.csv", 1410
    columns = ",".join(f"c{n}" for n in range(size))
    path.write_text(
        "\n".join([f"seconds,{columns}", *(f"u{n}," + ",".join("x" * size) for n in range(size))])
    )
    return path


def parquet(folder, table):
    path = folder / "matrix.parquet"
    pq.write_table(table, path, compression="zstd")
    return path


def repeated_parquet(folder):
    """Equal values are stored once."""
    values = pa.DictionaryArray.from_arrays(np.zeros(50_000_000, dtype=np.int32), ["b"])
    return parquet(folder, pa.table({"origin": values, "destination": values, "seconds": values}))


def long_text_parquet(folder):
    """So is a long text."""
    values = pa.DictionaryArray.from_arrays(np.zeros(500_000, dtype=np.int32), ["b" * 2**20])
    return parquet(folder, pa.table({"origin": values, "destination": values, "seconds": values}))


def wide_table(folder):
    path = folder / "table.csv"
    path.write_text("id," + ",".join(f"c{n}" for n in range(20_000)) + "\n" + "a\n" * 50_000)
    return path


@pytest.mark.parametrize(
    ("kind", "draw", "said"),
    [
        ("feed", bomb_feed, "unpacks to 671,"),
        ("feed", rows_feed, "cells, more than 2,000,000"),
        ("matrix", wide_matrix, "cells, more than 2,000,000"),
        pytest.param("matrix", largest_matrix, "fault(s) in the matrix", marks=pytest.mark.long),
        ("matrix", repeated_parquet, "150,000,000 cells, more than 2,000,000"),
        ("matrix", long_text_parquet, "a text has more than 1000 letters"),
        ("frame", wide_table, "cells, more than 2,000,000"),
        ("table", wide_table, "cells, more than 2,000,000"),
    ],
)
@pytest.mark.skipif(sys.platform != "linux", reason="the peak of memory is read from /proc")
def test_a_small_file_takes_little_memory(tmp_path, kind, draw, said):
    path = draw(tmp_path)
    assert path.stat().st_size < 10 * 2**20
    answer, peak_mb = read_in_child(kind, path)
    assert said in answer
    assert peak_mb < MOST_MB


@pytest.mark.parametrize(
    ("name", "rows", "fault"),
    [
        ("calendar", "1,1,1,1,1,1,1,1,00010101,99991231", "calendar.txt: service"),
        ("frequencies", "1,00:00:00,999:59:59,1\n" * 2, "frequencies.txt: trips repeat 7,199,998 times"),
    ],
)
def test_few_bytes_of_a_feed_make_no_endless_timetable(tmp_path, name, rows, fault):
    header = {
        "calendar": "service_id,monday,tuesday,wednesday,thursday,friday,saturday,sunday,start_date,end_date",
        "frequencies": "trip_id,start_time,end_time,headway_secs",
    }
    with pytest.raises(Exception, match=fault):
        read_feed(zipped(tmp_path, **{name: f"{header[name]}\n{rows}\n"}))
