# ---
# jupyter:
#   jupytext:
#     formats: ipynb,py:percent
#     text_representation:
#       extension: .py
#       format_name: percent
#       format_version: '1.3'
#       jupytext_version: 1.19.6
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # A region of your own
#
# From a map to a checked plan with your own files: an extract of OpenStreetMap, a table of cities, a table
# of costs, candidates from a county plan, and a table of travel times. So that this runs anywhere without a
# network, the notebook writes a small invented region first. With an extract of your own, leave out the
# next two cells.

# %%
from pathlib import Path
from tempfile import mkdtemp

import osmium
import pandas as pd
from osmium.osm.mutable import Node, Way

import polyring as pr

folder = Path(mkdtemp())

cities = pd.DataFrame(
    [
        ("mid", "Midford", 10.00, 50.00, 620_000, "core"),
        ("east", "Eastham", 11.20, 50.05, 250_000, "secondary"),
        ("west", "Westbury", 8.90, 49.95, 180_000, "secondary"),
        ("south", "Southwick", 9.90, 49.35, 110_000, "secondary"),
        ("north", "Northgate", 10.10, 50.65, 90_000, "small"),
        ("se", "Ferryhill", 11.00, 49.45, 60_000, "small"),
        ("sw", "Millbrook", 9.00, 49.40, 50_000, "small"),
        ("ne", "Highmoor", 11.10, 50.60, 45_000, "small"),
        ("nw", "Oakfield", 9.00, 50.55, 35_000, "small"),
    ],
    columns=["id", "name", "lon", "lat", "population", "tier"],
)
cities.to_csv(folder / "cities.csv", index=False)

# %% [markdown]
# ## The map
#
# Roads are ways with a `highway` tag. Two motorways cross the region; the towns at its edge hang on slower
# roads.

# %%
motorway = {"highway": "motorway", "oneway": "no"}
primary, secondary = {"highway": "primary"}, {"highway": "secondary"}
roads = [
    ("west", "mid", motorway | {"ref": "A1"}),
    ("mid", "east", motorway | {"ref": "A1"}),
    ("mid", "north", motorway | {"ref": "A2"}),
    ("mid", "south", primary),
    ("east", "ne", primary),
    ("east", "se", primary),
    ("west", "nw", primary),
    ("west", "sw", primary),
    ("south", "se", secondary),
    ("south", "sw", secondary),
    ("north", "ne", secondary),
    ("north", "nw", secondary),
]

at = {city.id: (city.lon, city.lat) for city in cities.itertuples()}
nodes, ways = dict(enumerate(at.values(), start=1)), []
number = {city: k for k, city in enumerate(at, start=1)}
for start, end, tags in roads:  # ten pieces each, on a slight bend
    (lon, lat), (to_lon, to_lat) = at[start], at[end]
    refs = [number[start]]
    for part in range(1, 10):
        bend = 0.004 * part * (10 - part) / 10
        refs.append(len(nodes) + 1)
        nodes[refs[-1]] = (lon + part * (to_lon - lon) / 10, lat + part * (to_lat - lat) / 10 + bend)
    ways.append(([*refs, number[end]], tags))

with osmium.SimpleWriter(folder / "midland.osm.pbf") as file:
    for k, location in nodes.items():
        file.add_node(Node(id=k, version=1, location=location))
    for k, (refs, tags) in enumerate(ways, start=1):
        file.add_way(Way(id=k, version=1, nodes=refs, tags=tags))

# %% [markdown]
# ## Costs
#
# A table of your own has a rate for each standard, with its source. What it does not price is not proposed,
# or priced by the multipliers of its terrain ([form](../docs/candidates.md#costs)).

# %%
rate = """
[[rates]]
standard = "{standard}"
mode = "road"
terrain = "plain"
per = "km"
low = {low}
central = {central}
high = {high}
basis = "invented"
source = "this notebook"
quality = "C"
"""
rates = [
    rate.format(standard="expressway-4", low=6, central=8, high=12),
    rate.format(standard="first-class", low=2, central=3, high=5),
]
head = """
money = "million EUR"
price_year = 2024
[multipliers]
hill = 1.2
mountain = 1.6
urban = 2.5
water = 4.0
"""
with (folder / "costs.toml").open("w", encoding="utf-8") as table:
    table.write(head + "".join(rates))

# %% [markdown]
# ## What is there today?
#
# Files, country (for default speeds) and time limit describe the region. Nothing is read before something
# is asked. Here every town should reach every other within two hours, by road alone.

# %%
region = pr.Region.read(
    folder / "midland.osm.pbf",
    cities=folder / "cities.csv",
    country="DE",
    limit="2h",
    costs=folder / "costs.toml",
    settings=["times.rail=false"],
)
region

# %%
region.roads.groupby("link_class").agg(km=("length_km", "sum"), kmh=("speed_kmh", "mean")).round()

# %%
minutes = region.travel_times().div(60).astype(float).round().astype(int)
minutes.style.map(lambda value: "background: #f6d5c0" if value > 120 else "").set_uuid("times")

# %% [markdown]
# Shaded trips take more than two hours.
#
# ## What could be built?
#
# `candidates` proposes roads, priced with the table; a file of your own adds to them. A column that is left
# out is computed: time from length and speed, cost from length and rate. The note tells why.

# %%
own = pd.DataFrame(
    [
        ("bypass", "road", "Midford", "Southwick", 78, 100, 150, "from the county plan"),
        ("valley", "road", "Ferryhill", "Highmoor", 130, 80, None, "asked for by two mayors"),
    ],
    columns=["id", "mode", "from", "to", "length_km", "speed_kmh", "cost", "note"],
)
own.astype({"cost": "Int64"}).to_csv(folder / "candidates.csv", index=False)
candidates = region.candidates(file=folder / "candidates.csv")
shown = ["candidate_id", "kind", "from_name", "to_name", "length_km", "cost", "why"]
candidates.table[shown].round(1)

# %% [markdown]
# What the rules left out, and why:

# %%
pd.Series(candidates.report, name="candidates")

# %% [markdown]
# ## Which of them, for 1.5 billion?
#
# The problem is solved, and the plan checked independently. It is a run like any other: tables, map,
# reasons, what-ifs. (The map names OpenStreetMap because extracts come from there; this one is invented.)

# %%
problem = region.problem(candidates, budget=1_500, name="midland")
plan = pr.verify(problem, pr.solve(problem, gap=1e-3, time_limit_s=30))
print(plan)

# %%
plan.plot()

# %%
shown = ["rank", "kind", "from_name", "to_name", "length_km", "cost", "pairs", "pairs_lost_alone"]
plan.links.reset_index()[shown].round(1)

# %%
print(plan.why(1))

# %% [markdown]
# ## Travel times of your own
#
# A table of travel times may take the place of the map, from a transport model or a timetable. Only
# candidates of your own are known then. Here all trips take 15 % longer than the map says, as in the peak,
# and two and a quarter hours are allowed:

# %%
peak = (region.travel_times() * 1.15).round().astype("Int64").rename_axis("seconds")
peak.to_csv(folder / "peak.csv")
modelled = pr.Region.read(
    folder / "peak.csv",
    cities=folder / "cities.csv",
    country="DE",
    limit="2h15",
    costs=folder / "costs.toml",
)
asked = modelled.problem(
    modelled.candidates(file=folder / "candidates.csv"), budget=1_500, name="midland in the peak"
)
busy = pr.verify(asked, pr.solve(asked))
print(busy)

# %% [markdown]
# ## Files to pass on
#
# `report` writes the page, tables, GeoPackage and problem. The page opens in a browser without a network.

# %%
plan.report(folder / "out")
region.write_omx(folder / "today.omx")
plan.write_omx(folder / "times.omx")
sorted(path.name for path in (folder / "out").iterdir())

# %%
plan.close()
busy.close()
