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
# # Which links, why, and how sure?
#
# This notebook takes a plan apart, link by link: what each link is for, what replaces it when it falls
# through, whether it survives other assumptions, what is there today, and which links a reader should doubt.
#
# The plan is that of the ready job `jing-jin-ji-links`: 34 cities, four hours door to door, 130 billion CNY.
# With `cases.enabled` a run solves some twenty plausible cases. `cases.only` asks for six of them, to save
# time: speeds, access, costs and the limit. A case counts when it is settled in time.

# %%
import pandas as pd

import polyring as pr

pd.set_option("display.max_colwidth", None, "display.max_rows", 60)

cases = [
    "roads 10 % slower",
    "trains 10 % slower",
    "access 10 min slower",
    "all at high costs",
    "limit 15 min shorter",
    "limit 15 min longer",
]
run = pr.run("jing-jin-ji-links", settings=["cases.enabled=true", f"cases.only={cases}"])
links = run.links.copy()
links["link"] = links["from_name"] + " – " + links["to_name"]
print(str(run).replace(". ", ".\n"))

# %% [markdown]
# ## What does the plan propose?
#
# Numbers on the map are ranks: the order of building, by covered weight per cost.

# %%
run.plot()

# %%
by_kind = links.groupby("kind").agg(
    links=("cost", "size"), cost=("cost", "sum"), low=("cost_low", "sum"), high=("cost_high", "sum")
)
by_kind.sort_values("cost", ascending=False)

# %%
dear = links.nlargest(5, "cost")
print(
    f"The five dearest of {len(links)} links take {dear['cost'].sum() / run.cost:.0%} of the money, what is "
    f"done at stations {links.loc[links['mode'] == 'access', 'cost'].sum() / run.cost:.0%}."
)

# %% [markdown]
# ## Why each link?
#
# `pairs` is the number of city pairs that come within the limit on a way over the link. `pairs_lost_alone` is
# the number that falls back when this link alone is left out: the pairs that need it. `why` is the rule that
# made the candidate.

# %%
links[["link", "kind", "cost", "pairs", "pairs_lost_alone", "people", "why"]]

# %% [markdown]
# `run.why` explains one link. This is the dearest one. Its first table says who needs it, in minutes today,
# with the plan, and with the plan but for this link.

# %%
dearest = int(dear.index[0])
why = run.why(dearest)
why

# %% [markdown]
# ## What stands in when a link is left out?
#
# The best plan without the dearest link, at the same money, as a map. Only the links that one of the plans
# builds alone have colours.

# %%
without = run.solve(without=[dearest])
both = pr.compare(run, without)
both.plot()

# %%
change = without.plan.objective / run.plan.objective - 1
print(
    f"Without link {dearest} the plan costs {without.cost:,} instead of {run.cost:,} {run.money}. Its weight "
    f"within the limit changes by {change:+.2%}; the gap of a plan is up to {max(run.gap, without.gap):.2%}."
)

# %% [markdown]
# ## What can be replaced by what?
#
# The same question for the five dearest links. `lost` and `gained` are pairs, after the money has been spent
# anew. `substitute` is the one candidate that is not built and would keep most of the pairs in need, all else
# being as it is.

# %%
rows = []
for rank in dear.index:
    asked = why if rank == dearest else run.why(int(rank))
    best = asked.alternatives.head(1)
    named = (best["from_name"] + " – " + best["to_name"] + " (" + best["kind"] + ")").tolist()
    rows.append(
        {
            "rank": rank,
            "link": links.loc[rank, "link"],
            "cost": links.loc[rank, "cost"],
            "need it": int(asked.pairs["needs_it"].sum()),
            "lost": int((asked.moved["change"] == "lost").sum()),
            "gained": int((asked.moved["change"] == "gained").sum()),
            "links in its place": int((asked.swaps["change"] == "in").sum()),
            "substitute": next(iter(named), "none"),
            "it keeps": int(best["pairs_kept"].sum()),
            "it costs": int(best["cost"].sum()),
        }
    )
replaced = pd.DataFrame(rows).set_index("rank")
replaced

# %%
worst = replaced["lost"] - replaced["gained"]
print(
    f"{replaced['need it'].min()} to {replaced['need it'].max()} pairs need one of these links. When the "
    f"money is spent anew, the plan without it has {worst.min()} to {worst.max()} pairs less."
)

# %% [markdown]
# A link that many pairs need may still be easy to replace: what counts for a decision is the difference after
# planning anew.
#
# ## How robust is the plan?
#
# Each bar is the best plan of a case with the same money, as a difference in pairs from the plan as assumed.
# The circle is what the plan of the job reaches in that case as it is (at high costs it would exceed the
# budget). The distance between the two is what knowing the case beforehand would bring.

# %%
run.cases.plot()

# %%
links["verdict"] = [run.cases.verdict(name) for name in links["candidate_id"]]
links["not chosen in"] = ["; ".join(run.cases.dropped_in(name)) for name in links["candidate_id"]]
sure = links.groupby("verdict").agg(links=("cost", "size"), cost=("cost", "sum"))
sure["share of the money"] = (sure["cost"] / run.cost).round(2)
sure

# %% [markdown]
# A verdict needs joint draws (robust: chosen in at least 90 % of them; fragile: in less than half), which are
# not asked here: `polyring cases` does. These links are left out in at least one case:

# %%
links[links["chosen_in"] < links["of_cases"]].sort_values("chosen_in")[
    ["link", "kind", "cost", "chosen_in", "of_cases", "not chosen in"]
]

# %% [markdown]
# ## What is there today?
#
# For lines and trains the table of links says what serves the ends now, and how long that takes by the
# definition of the job. The gain is that between the ends of the link alone. Zero minutes are no mistake:
# such a link serves trips that pass over it, and not those between its ends. Times of measures at stations
# are assumptions and are left out.

# %%
lines = links[links["mode"] != "access"].copy()
for column in ("today", "with", "gain"):
    lines[f"{column}, min"] = (lines[f"{column}_s"] / 60).round().astype("Int64")
lines[["link", "kind", "cost", "today", "today, min", "with, min", "gain, min"]]

# %% [markdown]
# ## Which links should a reader doubt?
#
# Five marks, each for a reason to look closer before money is spent:
#
# * **unsure**: chosen in at most half of the cases;
# * **on the limit**: at least half of the pairs that it brings arrive within the last five minutes;
# * **dear**: more than ten times the median cost per person of the plan;
# * **wide estimate**: the high estimate is more than four times the low one;
# * **no gain at its ends**: it saves less than a tenth of today's time between its own ends.
#
# The table has the links with any mark but the wide estimate, which most measures at stations have.

# %%
brought = run.pairs[run.pairs["within_after"] & ~run.pairs["within_before"]]
brought = brought.assign(close=brought["limit_s"] - brought["after_s"] <= 300).explode("links")
close = brought.groupby("links")["close"].mean()
marks = pd.DataFrame(
    {
        "unsure": links["chosen_in"] <= links["of_cases"] / 2,
        "on the limit": links["candidate_id"].map(close) >= 0.5,
        "dear": links["cost_per_person"] > 10 * links["cost_per_person"].median(),
        "wide estimate": links["cost_high"] > 4 * links["cost_low"],
        "no gain at its ends": links["gain_s"] < 0.1 * links["today_s"],
    }
)
marks = marks.fillna(value=False).astype(bool)
doubts = links.assign(marks=marks.sum(axis=1))[["link", "kind", "cost", "marks"]].join(marks)
heavy = doubts[marks.drop(columns="wide estimate").any(axis=1)].sort_values("cost", ascending=False)
heavy.assign(**heavy[marks.columns].map({True: "×", False: ""}.get))

# %%
counted = ", ".join(f"{name}: {int(count)}" for name, count in marks.sum().items())
unsure = links.loc[marks["unsure"], "cost"].sum() / run.cost
print(f"Links with each mark: {counted}; without any: {int((doubts['marks'] == 0).sum())}.")
print(f"{unsure:.0%} of the money is for links that at most half of the cases choose.")

# %% [markdown]
# A mark is a question, not a verdict. Cost and effect of measures at stations are assumptions, so that a wide
# estimate says more about our knowledge than about the measure. A line that is unsure or dear should be
# compared with its substitute in a study of its own. `run.map()` shows the plan to pan and zoom, and
# `run.report("out/")` writes the page with all of this for every link.

# %%
run.close()  # ends the solver process
