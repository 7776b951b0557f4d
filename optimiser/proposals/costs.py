"""State what a km of each standard costs on each terrain, where lines cost least, and national standards."""

from __future__ import annotations

import math
import tomllib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from fractions import Fraction
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray
from scipy.ndimage import maximum_filter1d
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from networks import inputs, skims
from networks.countries import WORLD, figures, lineage
from optimiser.problem.errors import CandidateError
from optimiser.problem.jsonfile import packaged
from optimiser.proposals.base_case import BaseCase, line_km
from optimiser.proposals.terrain import PLAIN, TERRAIN_CLASSES, Terrain, is_known, survey

type Line = shapely.LineString


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
    CandidateError.refuse(faults, "the cost table has faults", where=where)
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
    return figures(packaged("optimiser.proposals", "data/standards.toml")["country"], country)


_STAGE_KM = 5.0
"""Distance between the stages of an alignment."""
_LANES = 3
"""Lanes are this many times as close as stages."""
_STEEPEST = 6
"""From stage to stage an alignment crosses at most so many lanes: 63 degrees off the straight line."""


@dataclass(frozen=True, eq=False)
class Alignments:
    """Lines of new roads and railways: over the cheapest ground where terrain is known, else straight.

    Attributes
    ----------
    base
        The region.
    ground
        Classes of the ground.
    costs
        What a km costs on each.

    Notes
    -----
    The price of a line is the integral of the rate of the ground along it. The straight line is cut into
    stages and accompanied by lanes; the cheapest path from stage to stage follows by dynamic programming
    (Trietsch, "A family of methods for preliminary highway alignment", Transportation Science 21, 1987). It
    never turns back. A leg is charged the dearest rate at its ends and in the lanes beside them, so that the
    path, smoothed by half a lane, keeps off the corners of dear ground. Of its corners those are kept that
    give the cheapest line at true rates, by the shortest path over all pairs of them. With p the price of the
    straight line and r the least rate, a line that costs less than p is shorter than p / r: it lies in the
    ellipse of the points whose distances from both ends add up to that, and lanes reach as far as this does.
    """

    base: BaseCase
    ground: Terrain = PLAIN
    costs: CostTable = field(default_factory=builtin_cost_table)

    def line(self, straight: Line, a_km: Mapping[str, float]) -> Line:
        """Return the cheapest line found between the ends of a straight one; that one where none costs less.

        Parameters
        ----------
        straight
            From end to end, degrees.
        a_km
            What a km consists of: quantities by standard, of which the line itself is one.
        """
        if not is_known(self.ground):
            return straight
        priced = [[self.costs.rate(name, on).central for on in TERRAIN_CLASSES] for name in a_km]
        rates = np.array(list(a_km.values())) @ np.array(priced)
        key = ("alignment", self.ground, straight.wkb, tuple(rates.tolist()))
        return self.base.once(key, lambda: self._cheapest(straight, rates))

    def _cheapest(self, straight: Line, rates: NDArray[np.float64]) -> Line:
        km, ends, (price,) = line_km(straight), straight.coords, self._prices([straight], rates)
        detour = float(price / (rates.min() * km))  # at most
        if detour <= 1.0 + 1e-9:
            return straight
        count = max(round(km / _STAGE_KM), 2)
        lane_km = km / count / _LANES
        most = math.ceil(km * math.sqrt(detour**2 - 1.0) / 2.0 / lane_km)
        squeeze = math.cos(math.radians((ends[0][1] + ends[1][1]) / 2.0))
        start, end = (complex(lon * squeeze, lat) for lon, lat in ends)
        stages, lanes = np.arange(count + 1), np.arange(-most, most + 1)
        points = start + (end - start) / count * (stages[:, None] + 1j * lanes / _LANES)
        lon, lat = points.real / squeeze, points.imag
        rate = maximum_filter1d(
            rates[self.ground.classify(lon.ravel(), lat.ravel())].reshape(lon.shape), 3, axis=1
        )
        leg_km = np.hypot(km / count, np.arange(-_STEEPEST, _STEEPEST + 1) * lane_km)
        best, origins = np.where(lanes == 0, 0.0, np.inf), list[NDArray[np.int64]]()
        for here, there in zip(_beside(rate)[:-1], rate[1:], strict=True):
            prices = _beside(best) + leg_km * np.maximum(here, there[:, None])
            best, origins = prices.min(axis=1), [*origins, prices.argmin(axis=1) - _STEEPEST]
        path = [most]
        for origin in reversed(origins):
            path.insert(0, path[0] + int(origin[path[0]]))
        corners = np.column_stack([lon[stages, path], lat[stages, path]])
        corners[[0, -1]] = ends
        corners = shapely.get_coordinates(shapely.simplify(shapely.LineString(corners), lane_km / 222.0))
        legs = np.column_stack(np.triu_indices(len(corners), k=1))
        prices = self._prices(list(shapely.linestrings(corners[legs])), rates)
        graph = csr_array((prices, tuple(legs.T)), shape=(len(corners), len(corners)))
        _, before = dijkstra(graph, indices=0, return_predecessors=True)
        line = shapely.LineString(corners[skims.way(before, 0, len(corners) - 1)])
        return line if self._prices([line], rates)[0] < price else straight

    def _prices(self, lines: Sequence[Line], rates: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return what lines cost, unrounded."""
        return np.asarray(survey(lines, self.ground) @ rates) * [line_km(line) for line in lines]


def drawn(line: Line) -> str:
    """Say how a new line runs."""
    return "drawn straight" if len(line.coords) == 2 else "over the cheapest ground"


def _beside(lanes: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return for each lane the values of those from which a leg may come; infinite where there are none."""
    width = [*[(0, 0)] * (lanes.ndim - 1), (_STEEPEST, _STEEPEST)]
    return sliding_window_view(np.pad(lanes, width, constant_values=np.inf), 2 * _STEEPEST + 1, axis=-1)
