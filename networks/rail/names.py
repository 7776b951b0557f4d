"""Write names of stations as people write them: "BeiJingXi" is Beijing West, "QinHuangDao" Qinhuangdao."""

import re
from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import replace

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from anyascii import anyascii

from networks.rail.builder import RailBuild
from networks.sphere import within
from networks.world.towns import Box, towns_in

NEAR_KM = 60.0
"""A station that has the name of a town lies within this distance of it (assumed)."""
LEAST_POPULATION = 15_000
"""Towns of GeoNames by whose names those in Chinese are read."""

ENDINGS = (
    ("Dong", "东", "East"), ("Xi", "西", "West"), ("Nan", "南", "South"), ("Bei", "北", "North"),
    ("JiChang", "机场", "Airport"), ("Zhan", "站", "station"),
)  # fmt: skip
"""Endings of names in pinyin: in Chinese, and what stands for them."""

_SYLLABLE = re.compile(
    "(?i)(?:[zcs]h|[bpmfdtnlgkhjqxrzcsyw])?(?:iang|iong|uang|iao|ian|uai|uan|[aeiou]ng|[aeiu]n|[aeu]i|[iu]a|[iu]e"
    "|uo|iu|ao|ou|er|[aeiouv])"
)
_HAN = re.compile("[\u3400-\u9fff]")
_GENERIC = re.compile(r"(?i)\s+railway station$")


def with_names(rail: RailBuild, cities: pd.DataFrame) -> RailBuild:
    """Return railways whose stations and services have names as people write them; all else is the same.

    Parameters
    ----------
    rail
        Railways.
    cities
        Cities of the job: `name`, and points as geometry.
    """
    nodes, lines, labels = rail.network.nodes, rail.services.lines, defaultdict[str, set[str]](set)
    for name, others in zip(rail.stations["name"], rail.stations["labels"], strict=True):
        labels[name].update(others)
    shown = shown_names(labels, cities["name"].astype(str).tolist()) | {"": ""} | _read(nodes)
    known = re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, sorted(shown, key=len, reverse=True)))})(?!\w)")

    def in_words(text: str) -> str:
        return known.sub(lambda found: shown[found[0]], re.sub(r"\s+=>\s+", " – ", text))

    named, services = (table.assign(name=table["name"].map(in_words)) for table in (nodes, lines))
    network = replace(rail.network, nodes=named)
    return replace(rail, network=network, services=replace(rail.services, lines=services))


def _read(nodes: gpd.GeoDataFrame) -> dict[str, str]:
    """Return the names in Chinese that begin with that of a town nearby, by the name of that town.

    Its characters alone would not do: they have several readings, and many towns sound alike.
    """
    han = nodes[nodes["name"].str.contains(_HAN)]
    if han.empty:
        return {}
    box = Box.of((han.total_bounds + np.array([-1.0, -1.0, 1.0, 1.0])).tolist())
    towns = [
        (name, town.name.replace("’", "'"), town.lon, town.lat)
        for town in towns_in(box, least_population=LEAST_POPULATION)
        for name in town.other_names
        if _HAN.match(name) and not name.endswith("县")  # the seat of a county has another name
    ]
    places = np.array([place for _, _, *place in towns], dtype=np.float64).reshape(-1, 2)
    around = within(shapely.get_coordinates(han.geometry), places, NEAR_KM)
    ends, found = {ending: word for _, ending, word in ENDINGS}, dict[str, str]()
    for name, rows in zip(han["name"], around, strict=True):
        heads = [towns[row][:2] for row in rows if name.startswith(towns[row][0])]
        for head, latin in sorted(heads, key=lambda two: -len(two[0]))[:1]:  # of equals the largest
            rest = name.removeprefix(head)
            found[name] = f"{latin} {ends.get(rest, anyascii(rest).capitalize())}".rstrip()
    return found


def shown_names(labels: Mapping[str, Collection[str]], cities: Collection[str]) -> dict[str, str]:
    """Return how people write each name of a station, those in Chinese alone as they are.

    Parameters
    ----------
    labels
        All names of a station, by the one that it goes by.
    cities
        Names of the cities of the job.

    Notes
    -----
    Of a name in pinyin an ending for a point of the compass is one where the rest, of at least two syllables,
    is a city or a station, or where the name in Chinese ends so too: Hebei is not He North. A name that is a
    city's own stays whole. Syllables in capitals are joined, with an apostrophe before a vowel (Xi'an), and
    split after a city (Beijing Chaoyang).
    """
    known, own = {_letters(name) for name in (*cities, *labels)}, {_letters(name): name for name in cities}
    return {
        name: name if _HAN.search(name) else _shown(_GENERIC.sub("", name), others, own, known)
        for name, others in labels.items()
    }


def _shown(latin: str, others: Collection[str], cities: Mapping[str, str], known: Collection[str]) -> str:
    parts = _split(latin)
    if (city := cities.get(_letters(latin))) is not None:
        return city
    for ending, han, word in ENDINGS:
        rest = latin[: -len(ending)].rstrip(" -")
        in_han = any(label.endswith(han) and len(label) == len(parts) for label in others)
        is_name = len(_split(rest) or _SYLLABLE.findall(rest)) > 1 and (in_han or _letters(rest) in known)
        if latin.lower().endswith(ending.lower()) and is_name:
            return f"{_shown(rest, {label[: -len(han)] for label in others}, cities, known)} {word}"
    for count in range(len(parts) - 2, 1, -1):
        if (city := cities.get("".join(parts[:count]).lower())) is not None:
            return f"{city} {_word(parts[count:])}"
    return _word(parts) if parts else latin


def _letters(name: str) -> str:
    """Return the letters by which names are the same in any spelling; what brackets add does not count."""
    return re.sub("[^a-z]", "", anyascii(re.sub(r"\s*\(.*\)$", "", name)).lower())


def _split(name: str) -> list[str]:
    """Return the syllables of a name that has each in a capital letter; none of any other name."""
    parts = re.findall("[A-Z][a-z]*", name)
    is_pinyin = "".join(parts) == name and all(map(_SYLLABLE.fullmatch, parts))
    return parts if is_pinyin and len(parts) > 1 else []


def _word(parts: Collection[str]) -> str:
    return "".join(f"'{part}" if part[0] in "AEO" else part for part in parts).lstrip("'").capitalize()
