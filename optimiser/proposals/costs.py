"""State what a km of each standard costs on each terrain, and the standards to which a country builds."""

from __future__ import annotations

import tomllib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from fractions import Fraction
from importlib import resources
from pathlib import Path
from typing import Any

from networks import inputs
from networks.countries import WORLD, figures, lineage
from optimiser.problem.errors import CandidateError
from optimiser.proposals.terrain import TERRAIN_CLASSES

_MULTIPLIERS = {"water": 4.0}
"""Multipliers of tables that give none, else 1: a table that does not price water is not to offer it at the
price of plain ground. The factor is the ratio of the road rates of the Chinese table (quality C)."""


_TEXTS = ("standard", "mode", "terrain", "per", "basis", "source", "quality")


_LEVELS = ("low", "central", "high")


_LIKE = {
    **dict.fromkeys(("expressway-6", "expressway-120", "expressway-widen", "first-class"), ("expressway-4",)),
    "rail-250": ("hsr-350",),
    "hsr-350": ("rail-250",),
}
"""Standards whose rates stand in about the same ratio everywhere, for those that a country does not price."""


_TOP = ("money", "price_year", "note", "multipliers", "rates")


@dataclass(frozen=True, slots=True)
class Rate:
    """What one km (or one piece) of a standard costs on one terrain.

    Attributes
    ----------
    standard, mode, terrain
        What is built (e.g. `expressway-4`), `road` or `rail`, and where.
    per
        `km` or `each`.
    low, central, high
        Money of the table.
    basis, source, quality
        What it was derived from, by whom, and how sure it is: A, B or C.
    """

    standard: str
    mode: str
    terrain: str
    per: str
    low: float
    central: float
    high: float
    basis: str
    source: str
    quality: str


@dataclass(frozen=True, slots=True, eq=False)
class CostTable:
    """Unit costs of one country.

    Attributes
    ----------
    rates
        By standard and terrain.
    multipliers
        Terrain to factor on the plain rate, for standards without a row for that terrain. That of urban
        ground applies to roads alone: rates of railways are averages of projects from station to station.
    money, price_year, note
        Unit of all costs, year of prices, and what a reader should know about the figures.
    """

    rates: Mapping[tuple[str, str], Rate]
    multipliers: Mapping[str, float]
    money: str
    price_year: int
    note: str = ""

    @property
    def standards(self) -> tuple[str, ...]:
        """All standards that have a price, in rising order."""
        return tuple(sorted({standard for standard, _ in self.rates}))

    def rate(self, standard: str, terrain: str) -> Rate:
        """Return the rate of a standard on a terrain.

        Parameters
        ----------
        standard, terrain
            Terrain without a row of its own takes the plain rate times its multiplier (not for pieces).

        Raises
        ------
        CandidateError
            When the standard has no rate.
        """
        found = self.rates.get((standard, terrain))
        if found is not None:
            return found
        plain = self.rates.get((standard, "plain"))
        if plain is None:
            raise CandidateError(
                f"the cost table has no rate for `{standard}`",
                remedy=f"Add a rate, or use one of: {', '.join(self.standards)}.",
            )
        applies = plain.per == "km" and (terrain != "urban" or plain.mode == "road")
        factor = self.multipliers[terrain] if applies else 1.0
        return replace(
            plain,
            terrain=terrain,
            basis=f"{plain.basis}; plain x {factor:g}",
            **{level: getattr(plain, level) * factor for level in _LEVELS},
        )


@dataclass(frozen=True, slots=True, order=True)
class Cost:
    """A low, a central and a high estimate, whole units of money."""

    low: int
    central: int
    high: int

    def __add__(self, other: Cost) -> Cost:
        """Add estimates part by part."""
        return Cost(self.low + other.low, self.central + other.central, self.high + other.high)


def estimate(
    table: CostTable, standard: str, quantity: float, shares: Sequence[float] = (1.0, 0.0, 0.0, 0.0, 0.0)
) -> Cost:
    """Estimate the cost of a length of line, or of a number of pieces.

    Parameters
    ----------
    table
        The rates.
    standard
        What is built, a standard of the table.
    quantity
        Length in km, or number of pieces, as the rate says.
    shares
        Shares of plain, hill, mountain and urban ground and of water, summing to one.

    Returns
    -------
    Cost
        Sum over terrain of share x quantity x rate, each estimate rounded half up once, at least 1 when the
        quantity is not 0.

    Raises
    ------
    CandidateError
        When the table lacks the standard.
    """
    ground = [
        (share, table.rate(standard, name)) for share, name in zip(shares, TERRAIN_CLASSES, strict=True)
    ]
    exact = [(Fraction(quantity) * Fraction(share), rate) for share, rate in ground if share]
    least = 1 if quantity > 0 else 0

    def rounded(level: str) -> int:
        whole = sum(part * Fraction(getattr(rate, level)) for part, rate in exact)
        return max(least, int(whole + Fraction(1, 2)))

    return Cost(*map(rounded, _LEVELS))


def builtin_cost_table(country: str = "CN") -> CostTable:
    """Return the table of a country that comes with the package.

    Parameters
    ----------
    country
        ISO 3166 code. A country without a table gets that of its group, else that of the world, whose `note`
        says how rough it is.
    """
    folder = resources.files("optimiser.proposals") / "data"
    files = [folder / f"{key.lower()}.toml" for key in reversed(lineage(country))]
    documents = [(tomllib.loads(file.read_text("utf-8")), file.name) for file in files if file.is_file()]
    found = _parse(*documents[0])
    for document, name in documents[1:]:
        found = _parse(_completed(document, found), name)
    return found


def _completed(document: Mapping[str, Any], parent: CostTable) -> dict[str, Any]:
    """Return the document of a table with what it takes from another.

    A table that gives the exchange rate of its money, or has no money of its own, takes the standards that it
    does not price itself from `parent`, and any other key. Every other table stands alone. A standard that is
    taken keeps its ratio to one of `_LIKE` that the table prices itself; otherwise the exchange rate counts.
    """
    if "money" in document and "exchange" not in document:
        return dict(document)
    rows, exchange = list(document.get("rates", ())), document.get("exchange", {})
    own = {row["standard"]: row for row in rows if row["terrain"] == "plain"}
    rate = float(exchange.get("rate", 1.0))
    for one in (found for found in parent.rates.values() if found.standard not in own):
        like = next((name for name in _LIKE.get(one.standard, ()) if name in own), "")
        factor, how = rate, f"; {parent.money} x {rate:g}" if exchange else ""
        if like:
            factor = own[like]["central"] / parent.rate(like, "plain").central
            how = f"; {parent.money} x the ratio of {like} to that of the same table"
        levels = {level: getattr(one, level) * factor for level in _LEVELS}
        quality = "C" if how else one.quality
        rows.append(asdict(one) | levels | {"basis": one.basis + how, "quality": quality})
    taken = {key: getattr(parent, key) for key in ("money", "price_year", "note", "multipliers")}
    return taken | {key: value for key, value in document.items() if key != "exchange"} | {"rates": rows}


def read_cost_table(path: str | Path) -> CostTable:
    """Read a cost table of the user's, a TOML file in the form that `docs/candidates.md` gives.

    Raises
    ------
    CandidateError
        With all faults at once.
    """
    path = Path(path)
    try:
        document = tomllib.loads(inputs.read_text(path))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        raise CandidateError("the cost table cannot be read", where=str(path), done=str(error)) from error
    return _parse(document, str(path))


def _parse(document: Mapping[str, Any], where: str) -> CostTable:
    """Turn a document into a table, or refuse it with all its faults."""
    rows = document.get("rates", [])
    faults = [f"unknown key `{key}`" for key in document if key not in _TOP]
    faults += [f"key `{key}` is missing" for key in ("money", "price_year") if key not in document]
    faults += [fault for number, row in enumerate(rows, 1) for fault in _row_faults(number, row)]
    given = _MULTIPLIERS | dict(document.get("multipliers", {}))
    factors = {terrain: given.get(terrain, 1.0) for terrain in TERRAIN_CLASSES}
    faults += [
        f"multiplier of {terrain}: `{value}` is not a number above 0"
        for terrain, value in factors.items()
        if not _is_positive(value)
    ]
    if not rows:
        faults.append("no [[rates]]")
    keys = Counter((row.get("standard"), row.get("terrain")) for row in rows)
    twice = sorted((key for key, count in keys.items() if count > 1), key=str)
    faults += [f"{standard} on {ground} is given twice" for standard, ground in twice]
    if faults:
        raise CandidateError("the cost table has faults", where=where, faults=faults)
    rates = [Rate(**{key: row[key] for key in (*_TEXTS, *_LEVELS)}) for row in rows]
    return CostTable(
        rates={(rate.standard, rate.terrain): rate for rate in rates},
        multipliers=factors,
        money=str(document["money"]),
        price_year=int(document["price_year"]),
        note=str(document.get("note", "")),
    )


def _is_positive(value: object) -> bool:
    """Tell whether a value is a number above 0."""
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < float("inf")


def _row_faults(number: int, row: Mapping[str, Any]) -> list[str]:
    """List what is wrong with one rate."""
    keys, values = (*_TEXTS, *_LEVELS), [row[key] for key in _LEVELS if key in row]
    faults = [f"unknown key `{key}`" for key in row if key not in keys]
    faults += [f"`{key}` is missing" for key in keys if key not in row]
    if row.get("terrain", "plain") not in TERRAIN_CLASSES:
        faults.append(f"terrain `{row['terrain']}` is not one of {', '.join(TERRAIN_CLASSES)}")
    if row.get("per", "km") not in ("km", "each"):
        faults.append(f"per `{row['per']}` is neither km nor each")
    if not all(_is_positive(value) for value in values):
        faults.append("low, central and high must be numbers above 0")
    elif values != sorted(values):
        faults.append("low <= central <= high does not hold")
    return [f"rate {number}: {fault}" for fault in faults]


def read_standards(country: str = WORLD) -> dict[str, Any]:
    """Return the standards of a country: its own, else those of its group, else those of the world.

    Parameters
    ----------
    country
        ISO 3166 code.

    Returns
    -------
    dict
        `road_kmh` and `road_mountain_kmh`, design speeds of expressways; `fast_kmh` and `fast_standard` of
        long new railways and `usual_kmh` and `usual_standard` of short ones, with their rows of the cost
        table; `upgrade_kmh`, to which slower tracks may be brought; `mountain_kmh`, `approach_km` and
        `approach_kmh`, at which trains run in mountains and near core cities; `source` of the figures.
    """
    file = resources.files("optimiser.proposals") / "data" / "standards.toml"
    return figures(tomllib.loads(file.read_text("utf-8"))["country"], country)
