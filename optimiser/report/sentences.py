"""Say in a few words what a plan does and how good it provably is."""

from __future__ import annotations

from optimiser.report import coverage, ring_words, style, wording
from optimiser.report.inputs import ReportInput

DEFINITIONS = {"door_to_door": "door to door", "in_vehicle": "in the vehicle"}
ORDER = "ranked by worth to the plan: the last to be given up comes first"
"""Order of the links in a few words; `optimiser.report.ranking.rank` gives the rule in full."""


def headline(report: ReportInput) -> str:
    """Return the outcome in one sentence."""
    links = _links_headline(report)
    rings = ring_words.formed(report)
    if not rings:
        return links
    if not any(ring.candidates for ring in rings):
        return f"{links}; {ring_words.short(report)} exist{'s' if len(rings) == 1 else ''} already"
    closing = f"close{'s' if len(report.links) == 1 else ''} {ring_words.short(report)}"
    if len(coverage.newly_covered(report.pairs)) == 0:
        return (
            f"{proposals(report)} {closing}; no more city pairs come within {wording.hours(report.limit_s)}"
        )
    return f"{links} and {closing}"


def _links_headline(report: ReportInput) -> str:
    new, built = len(coverage.newly_covered(report.pairs)), len(report.links)
    limit = wording.hours(report.limit_s)
    if not built:
        return f"Nothing is built: no more city pairs come within {limit}"
    pairs = "1 more city pair" if new == 1 else f"{wording.whole(new)} more city pairs"
    return f"{proposals(report)} bring{'s' if built == 1 else ''} {pairs} within {limit}"


def proposals(report: ReportInput) -> str:
    """Return how many links and train services are proposed."""
    services = style.categories(report.links).count("service")
    links = len(report.links) - services
    counts = ((links, "link", "links"), (services, "train service", "train services"))
    return " and ".join(f"{count} {one if count == 1 else many}" for count, one, many in counts if count)


def money(report: ReportInput, amount: float) -> str:
    """Return an amount with the unit of the problem."""
    return f"{wording.whole(amount)} {report.money}".strip()


def budget(report: ReportInput) -> str:
    """Return what is spent of what could be spent."""
    if report.budget is None:
        return f"{money(report, report.cost)}, the least that was asked for"
    return f"{wording.whole(report.cost)} of {money(report, report.budget)}"


def definition(report: ReportInput) -> str:
    """Return the definition of travel time in words."""
    return DEFINITIONS.get(report.definition, report.definition)


def proof(report: ReportInput) -> str:
    """Return in one clause how far the plan can be from the best."""
    if report.gap is None:
        return "no bound: how far from the best is not known"
    if report.gap == 0:
        return "proven optimal"
    return f"proven within {wording.gap(report.gap)} of the best"


def meaning(report: ReportInput) -> str:
    """Explain the proof to a reader who does not know the word gap."""
    if report.gap is None or report.bound is None:
        return (
            "The plan was checked, but no bound was found: a better plan may exist, and "
            "nothing is said about how much better."
        )
    if report.budget is None:
        best = f"No plan that meets the demands costs less than {money(report, report.bound)}."
    else:
        best = (
            f"No plan within the budget, from these candidates and on these times, has a {report.counted} of "
            f"more than {wording.whole(report.bound)}; this one has {wording.whole(report.objective)}."
        )
    return f"{best} {_gap_words(report)}"


def _gap_words(report: ReportInput) -> str:
    if report.gap == 0:
        return "So no better plan exists: the gap is 0."
    gain = f", {wording.gap(report.gap_of_gain)} of what the plan adds" if report.gap_of_gain else ""
    return f"The difference is the gap: {wording.gap(report.gap)} of the whole{gain}."
