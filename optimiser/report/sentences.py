"""State what a plan does, how good it provably is and what its demands cost, in sentences and on screen."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import pandas as pd
from rich import box
from rich.console import Group
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from optimiser.measures import coverage
from optimiser.problem.errors import listed
from optimiser.report import answer, measure_sections, ring_layout, ring_section, tables, wording
from optimiser.report.inputs import ReportInput

ORDER = "in the order of building, by covered weight per cost"
"""Order of the links in a few words; `optimiser.measures.order.build_order` gives the rule in full."""

MOST_LINKS = 20
"""Links that page and terminal show before a reader asks for more; all are in links.csv."""


def near_limit(report: ReportInput) -> str:
    """Return how many pairs lie near the limit on either side, and where they would fall."""
    inside, outside = coverage.near_limit(report.pairs)
    minutes = coverage.NEAR_S // 60
    return (
        f"Pairs within {minutes} minutes of the limit, which small errors in the times would move: {inside} "
        f"that count and {outside} that do not"
    )


def budget(report: ReportInput) -> str:
    """Return what is spent of what could be spent."""
    if report.budget is None:
        return f"{report.money_of(report.cost)}, minimised without a budget"
    return f"{wording.integer(report.cost)} of {report.money_of(report.budget)}"


def definition(report: ReportInput) -> str:
    """Return the definition of travel time in words."""
    return str(wording.WORDS["definitions"].get(report.definition, report.definition))


def proof(report: ReportInput) -> str:
    """Return in one clause how far the plan can be from the optimum."""
    words = answer.proven(report.gap)
    if report.gap is None or report.certified is None:
        return f"{words}{unchecked(report)}"
    if report.certified.gap <= report.gap + SAME_GAP:
        return f"{words}, certified"
    solver = _prover(report)
    gap = "the optimum itself" if report.gap == 0 else f"to {wording.gap(report.gap)}"
    return f"certified to {wording.gap(report.certified.gap)} of the optimum; {gap} by the word of {solver}"


def certificate(report: ReportInput) -> str:
    """Return whose word the bound is, in sentences."""
    if report.certified is None:
        if report.bound is None:
            return "The plan is checked; there is no bound."
        if not unchecked(report):
            return "The bound needs no solver: the check adds up the same."
        return f"The plan is checked; the bound is the word of {_prover(report)}."
    proved = (
        f"The certificate proves a bound of {wording.integer(report.certified.bound)} in exact integers. It "
        "was checked without trusting a solver; bound_checker.py repeats that with Python alone."
    )
    if report.gap is not None and report.certified.gap <= report.gap + SAME_GAP:
        return proved
    return f"{proved} What the bound above says beyond that is the word of {_prover(report)}."


def _prover(report: ReportInput) -> str:
    """Return what proved the bound; its solver where the result does not say more."""
    source = report.bound_source
    return (source.word if source is not None else report.solver) or "the solver"


def unchecked(report: ReportInput) -> str:
    """Return whose word the bound is; empty where it is certified or recomputed, or there is none."""
    source, has_proof = report.bound_source, report.bound is None or report.certified is not None
    is_known = has_proof or (source is not None and source.is_recomputed)
    return "" if is_known else f" by the word of {_prover(report)}"


SAME_GAP = 1e-9
"""Difference up to which two gaps agree."""


def meaning(report: ReportInput) -> str:
    """Explain the proof to a reader who does not know the word gap."""
    if report.gap is None or report.bound is None:
        return (
            "The plan was checked, but no bound was found: a better plan may exist, and how much better is "
            "not known."
        )
    if report.budget is None:
        best = f"No plan that meets the demands costs less than {report.money_of(report.bound)}."
    else:
        best = (
            f"The objective adds up {report.counted}. With these candidates and times, no plan within the "
            f"budget reaches more than {wording.integer(report.bound)}; this plan reaches "
            f"{wording.integer(report.objective)}."
        )
    if report.gap == 0:
        return f"{best} No better plan exists{unchecked(report)}: the gap is 0."
    gain = f", {wording.gap(report.gap_of_gain)} of what the plan adds" if report.gap_of_gain else ""
    return f"{best} The difference is the gap: {wording.gap(report.gap)} of the total{gain}."


def out_of_reach(report: ReportInput) -> str:
    """Return how many pairs no plan can bring within the limit; empty where there is none."""
    left = coverage.out_of_reach(report.pairs)
    if left.empty:
        return ""
    by_tier = ", ".join(f"{count} {tier}" for tier, count in left["group"].value_counts().items())
    return (
        f"{len(left)} of {len(report.pairs)} pairs ({by_tier}) stay beyond {wording.hours(report.limit_s)} "
        "even with every candidate built"
    )


def not_served(cities: Sequence[str]) -> str:
    """Return which cities take no part because they have neither roads nor a station with trains."""
    few = ", ".join(cities)
    verb = "city has" if len(cities) == 1 else "cities have"
    return f"{len(cities)} {verb} no station with trains near the centre and take no part: {few}"


def measures(report: ReportInput) -> Iterator[str]:
    """Yield what the plan means for small cities and for the core; nothing where it was not measured."""
    if report.measures is None or report.measures.equity.empty:
        return
    equity, core = report.measures.equity, report.measures.polycentricity
    rows = equity[equity["tier"] == "small"].set_index("state")
    if len(rows) and rows["mean_minutes"].notna().all():
        today, plan = (wording.clock_of_minutes(rows["mean_minutes"][state]) for state in ("today", "plan"))
        what = "Mean time from small cities to the people of all other cities"
        new = int(rows["pairs_joined"]["plan"] - rows["pairs_joined"]["today"])
        alike = f", over the pairs joined in both (newly joined: {wording.integer(new)})" if new else ""
        yield f"{what}: {today} h today, {plan} h with the plan{alike}"
    shares = core[core["measure"] == "core_every_share"]
    if len(shares) and shares[["today", "plan"]].notna().all(axis=None):
        today, plan = (wording.percent(shares.iloc[0][state]) for state in ("today", "plan"))
        names = wording.join_names([str(name) for name in report.measures.facts["core"]])
        what = f"Weight of trips between other cities that cannot avoid {names}"
        yield f"{what}: {today} today, {plan} with the plan"


def rests_on(report: ReportInput) -> Iterator[str]:
    """Yield what new pairs rest on, what rings are for, and what pays."""
    if report.measures is None or len(report.measures.build_order) < 2:
        return
    facts = report.measures.facts
    new, left = facts["new_pairs"], facts["new_pairs_without_station_measures"]
    if new > left:
        yield (
            f"{new - left} of the {new} new pairs rest on measures at stations (check-in, connections, ways "
            f"to stations): with these as today, the other proposals bring {left}"
        )
    for row in () if report.cases is None else report.cases.rows:
        if row["name"] == AS_TODAY and row["best"] is not None:
            yield f"The best plan of equal money without such measures brings {row['best'] - row['today']}"
    if report.cases is not None and (sure := report.cases.of_most_pairs(report.links)):
        yield sure
    rings = [ring for ring in ring_layout.formed(report.rings) if ring.candidates]
    rewards = [ring.reward for ring in rings if ring.reward]
    if rewards:
        counted = f"{wording.integer(sum(rewards))} of {wording.integer(report.objective)} in the objective"
        yield f"Rings are closed for the driving time that they save ({counted}), not for pairs of cities"
    if (use := report.ring_use) is not None:
        (free, jammed, *_), cores = use.today, listed(use.facts["cores"], MOST_CITIES)
        figures = free.pairs, *(at.through_pairs for at in (free, use.plan[0], jammed, use.plan[1]))
        count, through, with_plan, before, after = map(wording.integer, figures)
        least = wording.integer(use.facts["least_people"])
        yield (
            f"By road, {through} of {count} pairs of {use.facts['places']} places of {least} people or more "
            f"go through the cores (the built-up areas of {cores}) on free roads, {with_plan} with the plan; "
            f"when these are congested {before}, {after} with the plan"
        )
    table, hour = report.measures.appraisal, facts["hour_value"]
    if hour is not None and len(table):
        pays = table.loc[table["candidate_id"] != measure_sections.PLAN, "pays"]
        factor, unit = wording.per_person(report.money)
        paying, worth = int(pays.eq(True).sum()), f"{wording.integer(round(hour * factor))} {unit} an hour"
        verb = "pay for themselves" if paying > 1 else "pays for itself"
        paid = f"{wording.integer(paying) if paying else 'none'} of the {len(pays)} proposals {verb}"
        aside = ", counted by the pairs of cities alone: what rings bring by road is not in it"
        yield f"By the time that it saves, at {worth}, {paid}{aside if rings else ''}"


AS_TODAY = "stations as today"
"""Name of the case without measures at stations."""
MOST_CITIES = 5
"""Cities named that gain least."""


def gaining(report: ReportInput) -> str:
    """Return which cities gain most pairs and which least, in a sentence; empty where that is not known."""
    if not needs(report) or report.measures is None:
        return ""
    rows, limit = report.measures.needs, wording.short_hours(report.limit_s)
    words = rows["city"] + rows["gained"].map(" ({} of ".format) + rows["open"].map("{})".format)
    many = rows[rows["gained"] > 0].sort_values("gained", ascending=False, kind="stable")
    least = rows.drop(many.index[:MOST_CITIES])
    most, few = (wording.join_names(words[some.index[:MOST_CITIES]].tolist()) for some in (many, least))
    end = f"; least to {few}" if few else ""
    return f"Of their pairs beyond {limit} today the plan brings most to {most or 'none'}{end}"


def needs(report: ReportInput) -> list[dict[Any, Any]]:
    """Return the cities that gain least, rows of `Measures.needs`."""
    if report.measures is None or report.links.empty:
        return []
    return report.measures.needs[:MOST_CITIES].to_dict("records")


def city_cover(found: Mapping[str, Any] | None) -> Iterator[str]:
    """Yield how many cities are covered as a whole; nothing where they do not count."""
    if found is None:
        return
    counts = "; ".join(
        "{tier} {before} today, {after} with the plan, {all_built} with everything built, of {cities}".format(
            **tier
        )
        for tier in found["tiers"]
    )
    yield f"Cities covered as a whole ({found['meaning']}): {counts}."
    gained = [name for tier in found["tiers"] for name in tier["gained"]]
    if gained:
        yield f"Covered by the plan: {', '.join(gained)}."


def fairness(found: coverage.Fairness | None) -> Iterator[str]:
    """Yield what the demands of the job change and cost; nothing where it demands nothing."""
    if found is None:
        return
    yield f"Demands: {'; '.join(found.demands)}."
    same = not found.only_plan and not found.only_free
    if same and not found.lost:
        yield "The best plan without these demands is the same: they cost nothing at this budget."
        return
    moved = sorted((tier for tier in found.tiers if tier.gained), key=lambda tier: -tier.gained)
    shifts = [
        f"{tier.tier} pairs {'gain' if tier.gained > 0 else 'lose'} {wording.integer(abs(tier.gained))} "
        f"({wording.share_of(tier.plan, tier.coverable)} of what can be covered instead of "
        f"{wording.share_of(tier.free, tier.coverable)})"
        for tier in moved
    ]
    count = len(found.only_plan)
    links = f"{count} proposal{'' if count == 1 else 's'} in place of {len(found.only_free)}"
    changed = "the same proposals, started in another order" if same else links
    yield f"The demands change the plan ({changed}): {', '.join(shifts) or 'no tier gains or loses'}."
    yield (
        "Price of fairness: without the demands the same budget would cover "
        f"{wording.integer(found.lost)} more {found.counted}, "
        f"{wording.share_of(found.lost, found.worth_free)} of {wording.integer(found.worth_free)}."
        if found.lost
        else "Price of fairness: none, the same weight is covered as without the demands."
    )
    if found.cost_of_both is not None and found.cost_of_both > found.budget:
        verb = "costs" if found.both_proven else "costs at most"
        cost = wording.money(found.cost_of_both, found.money)
        more = wording.integer(found.cost_of_both - found.budget)
        yield f"A plan that achieves both {verb} {cost}, {more} more than the budget."


# ---- for the terminal


def summary(report: ReportInput) -> Group:
    """Return everything that the screen shows of a plan: headline, notes, coverage, links."""
    head = (
        Text(f"{report.region}: {answer.sentence(report)}", style="bold"),
        *map(Text, filter(None, [answer.beside(report, report.plans[0])])),
        Text(f"cost {budget(report)} · {proof(report)}"),
        *(Text(note, style="bold") for note in (report.screening, *report.notes) if note),
        *map(Text, ring_section.screen_lines(report)),
    )
    meaning = (
        *city_cover(report.city_cover),
        *fairness(report.fairness),
        *filter(None, [out_of_reach(report)]),
        certificate(report),
        *rests_on(report),
        near_limit(report),
        *filter(None, [gaining(report)]),
        *(f"What would bring {row['city']} another pair: {row['by']}" for row in needs(report)),
        *measures(report),
        *answers(report),
    )
    phases = pd.DataFrame() if report.measures is None else report.measures.phases
    tables = [phases_table(report, phases)] if len(phases) else []
    tables += [links_table(report)] if len(report.links) else []
    tables += [states_table(report)] if report.states else []
    return Group(
        *head,
        Text(),
        coverage_table(report),
        *map(Text, meaning),
        *(part for table in tables for part in (Text(), table)),
    )


def answers(report: ReportInput) -> list[str]:
    """Return what the plan is at other speeds and in plausible cases, or how to ask that."""
    speeds = [] if report.sensitivity is None else report.sensitivity.to_dict("records")
    return [
        *(
            f"With {row['case']}: {wording.share(row['all before'], 1)} of pairs today, "
            f"{wording.share(row['all after'], 1)} with the plan"
            for row in speeds
        ),
        *([] if report.cases is None else report.cases.sentences(report.links)),
        *report.unasked,
    ]


def coverage_table(report: ReportInput) -> Table:
    """Return pairs within the limit by tier of the smaller city: today, with the plan, with everything."""
    limit = f"{wording.short_hours(report.limit_s)} {definition(report)}"
    heads = ("tier", "pairs", "today", "with the plan", "gained", "all candidates")
    rows = coverage.by_group(report.pairs).to_dict("records")
    cells = [
        (
            escape(row["group"]),
            wording.integer(row["pairs"]),
            *(wording.counted(row[f"{state}_pairs"], row["pairs"]) for state in ("before", "after")),
            f"+{row['after_pairs'] - row['before_pairs']}",
            wording.counted(row["all_built_pairs"], row["pairs"]),
        )
        for row in rows
    ]
    table = _table(f"City pairs within {limit}, by tier of the smaller city", heads, cells, texts=("tier",))
    table.rows[-2].end_section = True
    return table


def _table(
    title: str, heads: Sequence[str], cells: Iterable[Sequence[str]], *, texts: Sequence[str]
) -> Table:
    """Return a table with columns of numbers, and some of text."""
    table = Table(title=title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD, pad_edge=False)
    for head in heads:
        if head in texts:
            table.add_column(head, overflow="fold", min_width=16 if head == "link" else None)
        else:
            table.add_column(head, justify="right", no_wrap=True)
    for row in cells:
        table.add_row(*row)
    return table


def phases_table(report: ReportInput, phases: pd.DataFrame) -> Table:
    """Return what each period spends, starts and opens, and what is covered from then on."""
    heads = ("period", "spent so far", "of", "started", "opened", "pairs", "weight within the limit")
    cells = (
        (
            escape(str(row["period"])),
            wording.integer(row["spent_so_far"]),
            wording.integer(row["budget_so_far"]),
            *(str(len(wording.split_ids(row[key]))) for key in ("starts", "opens")),
            wording.integer(row["pairs_within"]),
            f"{wording.integer(row['weight_within'])} ({wording.percent(row['weight_share'])})",
        )
        for row in phases.to_dict("records")
    )
    title = f"Periods (costs in {report.money}; unspent money carries over)"
    return _table(title, heads, cells, texts=("period",))


def states_table(report: ReportInput) -> Table:
    """Return what each stated alternative costs and brings, or why it has no plan; equal ones once."""
    first = {(one.rings, one.cost, one.covered, one.why): one for one in reversed(report.states)}
    heads = ("state", "rings", "budget", "cost", "pairs", "gap", "")
    cells = (
        (
            escape(one.name),
            escape(answer.ring_names(report, one)),
            wording.integer(one.budget),
            wording.integer(one.cost),
            str(len(one.covered)) if one.has_plan else "",
            "" if one.gap is None else wording.gap(one.gap),
            escape(one.why) if one.is_proven else f"not proven to its gap {escape(one.why)}",
        )
        for one in report.states
        if one is first[one.rings, one.cost, one.covered, one.why]
    )
    title = f"States (costs in {report.money}; what a larger budget leaves as it is, is shown once)"
    table = _table(title, heads, cells, texts=("state", "rings", ""))
    table.caption = " ".join(dict.fromkeys(answer.best_ring(report, one) for one in report.states)).strip()
    return table


def links_table(report: ReportInput, *, most: int = MOST_LINKS) -> Table:
    """Return the proposed links by package, with cost, length and who gains: the `most` of best rank."""
    cases, each = report.cases, f"{wording.per_person(report.money)[1]} each".strip()
    heads = ("#", "link", "what", "km", "cost", "low – high", "added", "people", each)
    title = f"Proposed links and services (costs in {report.money}); numbers: {ORDER}"
    table = _table(title, (*heads, *(["chosen in"] if cases else [])), (), texts=("link", "what"))

    for name, links in tables.packages(report.links):
        rows = links[links["rank"] <= most].to_dict("records")
        sums = links[["cost_low", "cost", "cost_high", "pairs_added"]].sum()
        if rows:
            whole = [sums["pairs_added"], "", ""]
            _add(table, sums, ["", ring_section.package_title(name, report.rings), "", ""], whole, "bold")
        for row in rows:
            what = wording.kind(row["kind"], row["geometry"])
            names = [row["rank"], wording.link_name(row), what, wording.integer(row["length_km"] or None)]
            gains = [
                row["pairs_added"],
                wording.people(row["people"]),
                wording.integer(row["cost_per_person"]),
            ]
            gains += [] if cases is None else [cases.counted(row["candidate_id"])]
            _add(table, row, names, gains)
    if len(report.links) > most:
        table.caption = f"and {len(report.links) - most} more in links.csv"
    return table


def _add(
    table: Table, row: Mapping[Any, Any], names: Sequence[object], gains: Sequence[object], style: str = ""
) -> None:
    """Add a row to the table of links: names, its costs, gains."""
    low, cost, high = (wording.integer(row[key]) for key in ("cost_low", "cost", "cost_high"))
    table.add_row(*(escape(str(cell)) for cell in (*names, cost, f"{low} – {high}", *gains)), style=style)
