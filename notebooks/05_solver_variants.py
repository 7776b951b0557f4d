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
# # Solver variants side by side
#
# For researchers: state a problem, solve it with several methods, read their bounds over time, add a method
# of your own, write the model for another program, start from a known plan, and check all of it. Nothing is
# read from disk: the problems are made here or come with the package.

# %%
from dataclasses import asdict
from pathlib import Path
from tempfile import mkdtemp

import pandas as pd

import polyring as pr

folder = Path(mkdtemp())

# %% [markdown]
# ## A problem of your own
#
# Sixteen towns round a hub. Over the hub any two are 80 minutes apart; a pair counts when they are at most
# 60 minutes apart. What may be built are the sixteen pieces of a ring, 12 minutes each, at different costs,
# and eight faster spokes. Nodes are ids; arcs are tail, head and whole seconds.

# %%
towns = range(1, 17)


def both_ways(a: int, b: int, minutes: int) -> tuple[tuple[int, int, int], ...]:
    """Return the two arcs of a road."""
    return ((a, b, 60 * minutes), (b, a, 60 * minutes))


pieces = [pr.Candidate(f"piece {k}", 10 + 5 * (k % 3), both_ways(k, k % 16 + 1, 12)) for k in towns]
spokes = [pr.Candidate(f"spoke {k}", 18 + k, both_ways(0, k, 20 + k)) for k in towns[::2]]
hub = pr.DesignProblem(
    name="hub",
    nodes=("hub", *(f"town {k}" for k in towns)),
    arcs=tuple(arc for k in towns for arc in both_ways(0, k, 40)),
    candidates=(*pieces, *spokes),
    pairs=tuple(pr.Pair(a, b, 3600, 1 + (a * b) % 7) for a in towns for b in towns if a < b),
    budget=180,
)
result = pr.solve(hub)
plan = pr.verify(hub, result)
print(f"{result.status}: objective {result.objective}, bound {result.bound:.0f}, {result.variant}")
print("builds", ", ".join(plan.built))

# %% [markdown]
# A result is a claim. `verify` shares no code with the solver: it computes cost and coverage of the plan
# again, and raises an error where they differ. What no check can recompute is the bound
# ([proof](../docs/proof.md)).
#
# ## Which method is fastest?
#
# `pr.bench` solves each problem with each variant, each in a process of its own, and checks every outcome.
# `geometric_60_1` is a generated problem of the bench; `polyring bench --list` names them all, and
# `pr.instance` returns one. `cuts` is the method of this package, `compact` the textbook model with an arc
# flow for each pair, `benders` a published decomposition ([more](../docs/bench.md)). Two solves at once
# save time here; for figures to publish, leave `jobs` at 1.

# %%
instances, options = [hub, "geometric_60_1"], {"time_limit_s": 4, "jobs": 2, "out": folder / "bench"}
found = pr.bench(instances, variants=["cuts", "compact", "benders"], **options)
shown = ["instance", "variant", "solver", "status", "objective", "bound", "gap", "seconds"]
found.solves[shown].sort_values(["instance", "variant"]).round(3)

# %% [markdown]
# `variants` summarises: solves, proofs, plans as good as the best one known, and shifted geometric means of
# the seconds to proof, with the limit where there was none.

# %%
found.variants[["label", "runs", "proved", "best", "sgm_1s", "mean_gap", "mean_loss", "near_s"]].round(2)

# %% [markdown]
# ## How do the bounds close?
#
# The gap between best plan and best bound over time. A line that reaches the lower edge is a proof.

# %%
found.plot_gaps()

# %% [markdown]
# `found.plot()` draws a performance profile, which needs more problems than these. The progress of a single
# solve is in `result.trace`:

# %%
trace = pd.DataFrame([asdict(point) for point in result.trace])
trace[~trace.duplicated(["step", "objective"])].round(2)

# %% [markdown]
# ## A method of your own
#
# A variant is a file with `VARIANT` and `run`. This one buys what is cheap first, in an order that is
# shuffled a little, two hundred times. `t` is the problem in arrays, after presolve; `incumbent.plan` keeps
# a plan that is feasible and better than those before ([what else it may
# do](../docs/bench.md#a-variant-of-your-own)).

# %%
mine = folder / "mine.py"
mine.write_text(
    '''"""Buy what is cheap first, in shuffled orders."""

import numpy as np

from optimiser.engine.methods.heuristics.greedy import nothing
from optimiser.engine.methods.variants import Variant

VARIANT = Variant(name="shuffled", about="Buy what is cheap first, in shuffled orders.", proves=False)


def run(t, incumbent, task):
    random = np.random.default_rng(task.seed)
    for _ in range(200):
        if incumbent.stop():
            return "time", ""
        plan, left = nothing(t), t.budget
        for j in np.argsort(t.cost * random.uniform(1, 3, t.size), kind="stable"):
            if t.cost[j] <= left:
                plan[j], left = True, left - t.cost[j]
        incumbent.plan(plan, "shuffled")
    return "heuristic", ""
''',
    encoding="utf-8",
)
own = pr.solve(hub, variant=mine)
print(f"{own.status}: objective {own.objective}, {own.variant}; the best is {result.objective}")

# %% [markdown]
# It enters the same bench. Solves that the folder holds are not done again.

# %%
found = pr.bench(instances, variants=[str(mine)], **options)
found.solves.pivot_table(index="variant", columns="instance", values="objective")

# %% [markdown]
# ## The model for another program
#
# The compact model, or the master problem of `cuts` with the cuts that bind at its root, in LP or MPS
# format. Comments say what each variable stands for and how the objective follows
# ([solvers](../docs/solvers.md#models-for-other-programs)).

# %%
pr.write_model(hub, folder / "hub.lp", form="lp")
pr.write_model(hub, folder / "hub.mps", form="mps", variant="cuts")
print("\n".join((folder / "hub.lp").read_text().splitlines()[:8]))

# %% [markdown]
# Any solver reads them. HiGHS alone on the compact model finds the same optimum, in the units of the file:

# %%
import highspy

highs = highspy.Highs()
highs.silent()
highs.readModel(str(folder / "hub.lp"))
highs.run()
print("HiGHS:", round(highs.getObjectiveValue()), highs.modelStatusToString(highs.getModelStatus()))

# %% [markdown]
# ## A known plan to start from
#
# Half of the money asks a similar question. The plan for all of the money does not fit, so that it is a
# hint; a plan that fits is the first that the solve knows, and the outcome is never worse, even without any
# time.

# %%
half = hub.replace(name="hub, half the money", budget=hub.budget // 2)
best = pr.solve(half, start=result)
again = pr.solve(half, start=best, time_limit_s=0)
for words, one in (("from the plan for all money", best), ("from that plan, without time", again)):
    print(f"{words}: {one.status}, objective {one.objective}, bound {one.bound:.0f}")

# %% [markdown]
# ## Checked by somebody else
#
# Problem and result are files that any program can read ([forms](../docs/file-formats.md#problem-files)).
# Here networkx recomputes what the plan covers, from nothing but these files.

# %%
import json

import networkx as nx

pr.save_problem(hub, folder / "hub.json")
pr.save_result(result, folder / "hub-result.json")
stated = json.loads((folder / "hub.json").read_text(encoding="utf-8"))
claimed = json.loads((folder / "hub-result.json").read_text(encoding="utf-8"))

built = [one for one in stated["candidates"] if one["id"] in claimed["built"]]
network = nx.MultiDiGraph()
network.add_weighted_edges_from(stated["arcs"])
for one in built:
    network.add_weighted_edges_from(one["arcs"])
seconds = dict(nx.all_pairs_dijkstra_path_length(network))
covered = sum(
    pair["weight"]
    for pair in stated["pairs"]
    if seconds[pair["origin"]].get(pair["destination"], float("inf")) <= pair["limit"]
)
print("cost", sum(one["cost"] for one in built), "of", stated["budget"], "| covered", covered)
print("claimed:", claimed["cost"], claimed["coverage"])
