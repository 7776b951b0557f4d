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
# # From OpenStreetMap to a proven plan
#
# `polyring run jing-jin-ji` runs the whole job. This notebook does the same step by step (without the ring),
# so that each value can be inspected and changed: read the map, build road and rail networks, place the
# cities, compute travel times, propose candidates, build the design problem, solve it, check the plan and
# show it.
#
# Every step takes the values of earlier steps and returns a new one. There is no hidden state.

# %%
import pandas as pd

from networks import cities, impedance, intermodal, osm, rail, regions, road, skims
from optimiser import SolveParameters, solve, verify
from optimiser.measures import coverage
from optimiser.proposals import costs, prepare
from optimiser.proposals.base_case import BaseCase
from optimiser.proposals.generate import generate
from optimiser.proposals.roads import anchor_nodes
from optimiser.report import geopackage, inputs, page, picture, sentences, tables
from optimiser.run.reading import lengthened_rail
from optimiser.run.timing import place

LIMIT_S = 14_400  # four hours, door to door
BUDGET_SHARE = 0.1  # of what all candidates would cost

region = regions.read("jing-jin-ji")
print(region.title)
print("Geometry and facts:", region.vintage)
print(region.attribution)

# %% [markdown]
# ## 1. Read the map
#
# The region comes with a small OpenStreetMap extract. Any `.osm.pbf`, `.osm`, `.osm.gz` or `.osm.bz2` file
# can replace it, and `osm.fetch` downloads an area.

# %%
elements = osm.read(region.network)

roads, road_report = road.build(elements, country=region.country)
tracks = lengthened_rail(rail.build(elements), region.rail_length_factor)
pd.Series(
    {
        "road nodes": len(roads.nodes),
        "road links": len(roads.links),
        "rail links": len(tracks.network.links),
        "train services": len(tracks.services.lines),
    },
    name="count",
).to_frame()

# %% [markdown]
# The geometry of this region consists of straight chords, which are shorter than the roads; its ways state
# their length on the ground (`polyring:length_factor`). A speed that is not tagged comes from a table by
# country and class and is marked as imputed.

# %%
timed = impedance.add_travel_times(roads)

(
    timed.links.groupby("link_class")
    .agg(
        links=("length_km", "size"),
        length_km=("length_km", "sum"),
        median_speed_kmh=("speed_kmh", "median"),
        imputed_share=("speed_source", lambda source: (source != "tag").mean()),
    )
    .sort_values("length_km", ascending=False)
    .round({"length_km": 0, "imputed_share": 2})
    .head(8)
)

# %% [markdown]
# ## 2. Place the cities
#
# Tiers follow built-up population: core above five million, secondary from half a million, small below. A
# city without a road nearby would raise an error here that names it and its distance. Trips start where a
# road passes closest to the city, so roads are first cut there.

# %%
listed = cities.load_csv(region.cities)
entered = cities.with_nodes_near(timed, listed, limit_km=10)
snapped = cities.snap(listed, entered, limit_km=10, on_unsnapped="raise")
placed = place(entered, tracks, snapped.cities, keep=anchor_nodes(entered))

print(f"{len(entered.links):,} road links, {len(placed.road.links):,} after contraction, with the same times")
placed.cities.table.groupby("tier").agg(cities=("name", "size"), population=("population", "sum"))

# %% [markdown]
# ## 3. Compute travel times
#
# Road and rail are joined at the stations. `door_to_door` includes access, waits, transfers and egress.

# %%
graph = intermodal.join(placed.road, placed.rail, placed.cities, definition="door_to_door")
skim = skims.travel_times(graph)

names = placed.cities.table["name"]
shown = ["Beijing", "Tianjin", "Shijiazhuang", "Tangshan", "Zhangjiakou", "Chengde", "Handan"]
rows = [names[names == name].index[0] for name in shown]
pd.DataFrame(skim[rows][:, rows] / 3600, index=shown, columns=shown).round(1)

# %% [markdown]
# ## 4. Propose candidates
#
# Candidates are upgrades, new roads and rail lines, closed gaps and new trains. Each is priced by class and
# terrain, with a low, a central and a high estimate.

# %%
base_case = BaseCase(
    graph=graph,
    cities=placed.cities.table,
    road=placed.road,
    rail=tracks.network,
    services=tracks.services,
    skim=skim,
    limit_s=LIMIT_S,
)
candidates = generate(
    base_case, costs=costs.builtin_cost_table(region.country), terrain=costs.read_terrain(region.terrain)
)

(
    candidates.table.groupby("kind")
    .agg(candidates=("cost", "size"), length_km=("length_km", "sum"), cost=("cost", "sum"))
    .round({"length_km": 0})
)

# %% [markdown]
# ## 5. The design problem
#
# From here on there are only ids and integers: no geometry, no OpenStreetMap. The weight of a pair is the
# square root of the smaller population.

# %%
prepared = prepare.design_problem(
    graph,
    placed.cities,
    candidates,
    skim,
    limit_s=LIMIT_S,
    budget_share=BUDGET_SHARE,
    name="jing-jin-ji",
)
problem = prepared.problem
print(f"{len(problem.nodes)} nodes, {len(problem.arcs)} arcs, {len(problem.candidates)} candidates")
print(f"{len(problem.pairs)} pairs, budget {problem.budget:,} {problem.money}")

# %% [markdown]
# ## 6. Solve and check
#
# The solver runs in a child process. `verify.check` then recomputes cost, times and coverage from the
# problem and the ids of the built candidates, and rejects a result that disagrees.

# %%
result = solve(problem, variant="auto", params=SolveParameters(gap=0.001, time_limit_s=40, threads=2, seed=1))
plan = verify.check(problem, result)
certificate = verify.certificate(problem, plan)
verify.check_certificate(problem, certificate)

print(f"{result.status}, gap {result.gap:.4%}; {len(plan.built)} built for {plan.cost:,} {problem.money}")
print(f"{len(plan.newly_covered)} pairs newly within the limit")

# %% [markdown]
# ## 7. Show the plan

# %%
report = inputs.assemble(
    problem,
    plan,
    region="Jing-Jin-Ji",
    cities=placed.cities.table,
    candidates=candidates.table,
    networks={"road": placed.road.links, "rail": tracks.network.links},
    ends=prepared.pairs[["origin", "destination"]].to_numpy(),
    variant=result.variant,
    solver=result.solver,
    attribution=region.attribution,
)
print(sentences.headline(report))
print(sentences.meaning(report))
coverage.by_group(report.pairs).set_index("group")

# %%
ranked = report.links.drop(columns="geometry")
ranked[
    ["rank", "kind", "from_name", "to_name", "length_km", "cost", "pairs", "people", "cost_per_person"]
].head(12).style.format(precision=0, thousands=",", na_rep="–").hide(axis="index")

# %% [markdown]
# The pairs that the plan brings within the limit, and the proposals on their paths:

# %%
new_pairs = page.pair_rows(report, coverage.newly_covered(report.pairs))
pd.DataFrame(new_pairs)[["pair", "group", "before", "after", "via"]].head(12)

# %%
from IPython.display import Image

Image(picture.png(report, dpi=75), width=1000, alt=sentences.headline(report))

# %% [markdown]
# The files of a run are written by the same functions: `tables.write_links`, `geopackage.write`,
# `picture.write` and `page.write`. The page `report.html` contains an interactive map.

# %%
from pathlib import Path
from tempfile import TemporaryDirectory

with TemporaryDirectory() as folder:
    tables.write_links(report.links, Path(folder) / "links.csv")
    geopackage.write(report, Path(folder) / "plan.gpkg")
    for file in sorted(Path(folder).iterdir()):
        print(f"{file.name}: {file.stat().st_size / 1e3:,.0f} kB")

# %% [markdown]
# ## Variations
#
# `problem.replace` changes one value and keeps the rest. With half the budget:

# %%
half = problem.replace(budget=problem.budget // 2)
less = verify.check(
    half, solve(half, variant="auto", params=SolveParameters(gap=0.01, time_limit_s=20, seed=1))
)
pd.DataFrame(
    {
        "budget": [problem.budget, half.budget],
        "cost": [plan.cost, less.cost],
        "pairs gained": [len(plan.newly_covered), len(less.newly_covered)],
        "gap": [plan.gap, less.gap],
    },
    index=["plan above", "half the budget"],
)
