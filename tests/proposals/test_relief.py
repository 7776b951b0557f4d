"""Check the coarse relief of the package against places, outlines and the grid that it is made in."""

from __future__ import annotations

import numpy as np
import shapely

from networks import regions
from optimiser.proposals.terrain import PLAIN, TERRAIN_CLASSES, CoarseRelief, is_known, is_water, read_terrain

SEEN = (
    ("Beijing", 39.9, 116.4, "plain"),
    ("Shijiazhuang", 38.04, 114.51, "plain"),
    ("Shanghai", 31.23, 121.47, "plain"),
    ("Delhi", 28.61, 77.21, "plain"),
    ("Patna", 25.61, 85.14, "plain"),
    ("Bangkok", 13.75, 100.5, "plain"),
    ("Tashkent", 41.3, 69.24, "plain"),
    ("Almaty", 43.25, 76.92, "plain"),
    ("Baghdad", 33.31, 44.37, "plain"),
    ("Omsk", 54.99, 73.37, "plain"),
    ("Milan", 45.46, 9.19, "plain"),
    ("Turin", 45.07, 7.69, "plain"),
    ("Orleans", 47.9, 1.9, "plain"),
    ("Berlin", 52.52, 13.4, "plain"),
    ("Szeged", 46.25, 20.15, "plain"),
    ("Moscow", 55.75, 37.62, "plain"),
    ("Seville", 37.39, -5.98, "plain"),
    ("Tanta", 30.79, 31.0, "plain"),
    ("Khartoum", 15.5, 32.56, "plain"),
    ("Kano", 12.0, 8.52, "plain"),
    ("Ouagadougou", 12.37, -1.53, "plain"),
    ("Denver", 39.74, -104.99, "plain"),
    ("Limon", 39.26, -103.69, "plain"),
    ("Chicago", 41.88, -87.63, "plain"),
    ("Dallas", 32.78, -96.8, "plain"),
    ("Winnipeg", 49.9, -97.14, "plain"),
    ("Buenos Aires", -34.6, -58.38, "plain"),
    ("Lima", -12.05, -77.04, "plain"),
    ("Santa Cruz de la Sierra", -17.78, -63.18, "plain"),
    ("Mildura", -34.19, 142.16, "plain"),
    ("Christchurch", -43.53, 172.64, "plain"),
    ("Chongqing", 29.56, 106.55, "hill"),
    ("Yan'an", 36.6, 109.49, "hill"),
    ("Amman", 31.95, 35.93, "hill"),
    ("Siegen", 50.88, 8.02, "hill"),
    ("Meschede", 51.35, 8.28, "hill"),
    ("Perugia", 43.11, 12.39, "hill"),
    ("Limoges", 45.83, 1.26, "hill"),
    ("Saint-Etienne", 45.44, 4.39, "hill"),
    ("Buxton", 53.26, -1.91, "hill"),
    ("Merthyr Tydfil", 51.75, -3.38, "hill"),
    ("Kampala", 0.32, 32.58, "hill"),
    ("Kigali", -1.95, 30.06, "hill"),
    ("Antananarivo", -18.88, 47.51, "hill"),
    ("Pietermaritzburg", -29.6, 30.38, "hill"),
    ("Pittsburgh", 40.44, -80.0, "hill"),
    ("Charleston", 38.35, -81.63, "hill"),
    ("Belo Horizonte", -19.92, -43.94, "hill"),
    ("Juiz de Fora", -21.76, -43.35, "hill"),
    ("Canberra", -35.28, 149.13, "hill"),
    ("Katoomba", -33.71, 150.31, "hill"),
    ("Darjeeling", 27.04, 88.26, "mountain"),
    ("Lukla", 27.69, 86.73, "mountain"),
    ("Khorog", 37.49, 71.55, "mountain"),
    ("Kamchik Pass", 41.1, 70.55, "mountain"),
    ("Takayama", 36.14, 137.25, "mountain"),
    ("Kangding", 30.05, 101.96, "mountain"),
    ("Tende", 44.09, 7.59, "mountain"),
    ("Chamonix", 45.92, 6.87, "mountain"),
    ("Andorra la Vella", 42.51, 1.52, "mountain"),
    ("Davos", 46.8, 9.83, "mountain"),
    ("Gjendesheim", 61.49, 8.81, "mountain"),
    ("Imlil", 31.14, -7.92, "mountain"),
    ("Ras Dashen", 13.24, 38.37, "mountain"),
    ("Mokhotlong", -29.29, 29.07, "mountain"),
    ("Vail", 39.64, -106.37, "mountain"),
    ("Silverton", 37.81, -107.66, "mountain"),
    ("Banff", 51.18, -115.57, "mountain"),
    ("Ixtlan", 17.33, -96.49, "mountain"),
    ("Manizales", 5.07, -75.52, "mountain"),
    ("Machu Picchu", -13.16, -72.54, "mountain"),
    ("Matucana", -11.84, -76.38, "mountain"),
    ("Puente del Inca", -32.82, -69.91, "mountain"),
    ("Queenstown", -45.03, 168.66, "mountain"),
    ("Arthur's Pass", -42.94, 171.56, "mountain"),
    ("Wabag", -5.49, 143.72, "mountain"),
)
"""Places from memory, written before any rule was tried; thresholds were then chosen with them in sight."""

UNSEEN = (
    ("Tianjin", 39.13, 117.2, "plain"),
    ("Wuhan", 30.58, 114.29, "plain"),
    ("Harbin", 45.75, 126.65, "plain"),
    ("Hanoi", 21.03, 105.85, "plain"),
    ("Lahore", 31.55, 74.34, "plain"),
    ("Chennai", 13.08, 80.27, "plain"),
    ("Samarkand", 39.65, 66.96, "plain"),
    ("Astana", 51.17, 71.43, "plain"),
    ("Kuwait", 29.37, 47.98, "plain"),
    ("Munich", 48.14, 11.58, "plain"),
    ("Verona", 45.44, 10.99, "plain"),
    ("Zaragoza", 41.65, -0.89, "plain"),
    ("Bucharest", 44.43, 26.1, "plain"),
    ("Kyiv", 50.45, 30.52, "plain"),
    ("Copenhagen", 55.68, 12.57, "plain"),
    ("Casablanca", 33.57, -7.59, "plain"),
    ("Timbuktu", 16.77, -3.01, "plain"),
    ("N'Djamena", 12.13, 15.06, "plain"),
    ("Bloemfontein", -29.12, 26.21, "plain"),
    ("Lusaka", -15.42, 28.28, "plain"),
    ("Calgary", 51.05, -114.07, "plain"),
    ("Fresno", 36.74, -119.79, "plain"),
    ("Memphis", 35.15, -90.05, "plain"),
    ("Oklahoma City", 35.47, -97.52, "plain"),
    ("Cordoba", -31.42, -64.18, "plain"),
    ("Asuncion", -25.28, -57.63, "plain"),
    ("Brasilia", -15.79, -47.88, "plain"),
    ("Perth", -31.95, 115.86, "plain"),
    ("Guiyang", 26.65, 106.63, "hill"),
    ("Meizhou", 24.29, 116.12, "hill"),
    ("Jerusalem", 31.78, 35.22, "hill"),
    ("Shillong", 25.58, 91.89, "hill"),
    ("Stuttgart", 48.78, 9.18, "hill"),
    ("Kassel", 51.31, 9.49, "hill"),
    ("Siena", 43.32, 11.33, "hill"),
    ("Ourense", 42.34, -7.86, "hill"),
    ("Zlin", 49.22, 17.67, "hill"),
    ("Yaounde", 3.87, 11.52, "hill"),
    ("Mbabane", -26.32, 31.14, "hill"),
    ("Knoxville", 35.96, -83.92, "hill"),
    ("Fayetteville", 36.06, -94.16, "hill"),
    ("State College", 40.79, -77.86, "hill"),
    ("Tegucigalpa", 14.07, -87.19, "hill"),
    ("Ouro Preto", -20.39, -43.5, "hill"),
    ("Blumenau", -26.92, -49.07, "hill"),
    ("Lismore", -28.81, 153.28, "hill"),
    ("Te Kuiti", -38.33, 175.17, "hill"),
    ("Kohima", 25.67, 94.11, "mountain"),
    ("Baguio", 16.41, 120.59, "mountain"),
    ("Shimla", 31.1, 77.17, "mountain"),
    ("Jomsom", 28.78, 83.72, "mountain"),
    ("Gilgit", 35.92, 74.31, "mountain"),
    ("Wenchuan", 31.48, 103.59, "mountain"),
    ("Zermatt", 46.02, 7.75, "mountain"),
    ("Cortina", 46.54, 12.14, "mountain"),
    ("Gavarnie", 42.73, -0.01, "mountain"),
    ("Mestia", 43.05, 42.73, "mountain"),
    ("Kolasin", 42.82, 19.52, "mountain"),
    ("Yusufeli", 40.82, 41.54, "mountain"),
    ("Lalibela", 12.03, 39.04, "mountain"),
    ("Aspen", 39.19, -106.82, "mountain"),
    ("Ketchum", 43.68, -114.36, "mountain"),
    ("Revelstoke", 51.0, -118.2, "mountain"),
    ("Batopilas", 27.02, -107.74, "mountain"),
    ("Huaraz", -9.53, -77.53, "mountain"),
    ("Merida", 8.59, -71.15, "mountain"),
    ("Milford Sound", -44.67, 167.93, "mountain"),
    ("Hotham", -36.98, 147.13, "mountain"),
)
"""Places from memory, written before the thresholds were chosen, and compared with them afterwards alone."""

ALMATY = ("Almaty", 43.25, 76.92, "plain")
"""Its centre lies on the edge of a cell whose mean, of foothills up to 2,500 m, is 600 m above the town."""


def compared(places):
    """Return names by the class that they were given and that of the relief."""
    lat, lon = np.array([place[1:3] for place in places]).T
    found = {}
    for place, rank in zip(places, CoarseRelief().classify(lon, lat).tolist(), strict=True):
        found.setdefault((place[3], TERRAIN_CLASSES[rank]), []).append(place[0])
    return found


def agreed(found):
    return sum(len(names) for (given, shown), names in found.items() if given == shown)


def test_of_places_not_seen_before_three_in_four_are_as_remembered_and_none_is_two_classes_off():
    found = compared(UNSEEN)
    assert (agreed(found), len(UNSEEN)) == (55, 68)
    assert found.keys() == {
        ("plain", "plain"),
        ("mountain", "mountain"),
        *(("hill", name) for name in TERRAIN_CLASSES[:3]),
    }
    assert found["hill", "mountain"] == ["Shillong", "Mbabane", "Tegucigalpa", "Ouro Preto"]


def test_of_places_on_six_continents_one_alone_is_two_classes_off():
    found = compared(SEEN)
    assert (agreed(found), len(SEEN)) == (58, 76)
    assert found["plain", "mountain"] == [ALMATY[0]]
    assert ("mountain", "plain") not in found
    assert found["plain", "hill"] == ["Turin", "Lima"]


def test_uniformly_sloping_plains_and_plains_beside_ranges_are_plain():
    lat, lon = np.array([
        (39.74, -104.4), (38.5, -102.6), (38.04, 114.6), (27.2, 78.0), (45.5, 8.6), (41.2, 69.0),
    ]).T  # fmt: skip
    assert CoarseRelief().classify(lon, lat).tolist() == [0] * len(lat)


def test_the_outline_drawn_by_hand_of_plains_is_plain_and_of_mountains_rough():
    """Outlines are 20 km wide at their edges, and hills that cells of 9 km hide count as plain."""
    drawn = read_terrain(regions.read("jing-jin-ji").terrain)
    west, south, east, north = shapely.total_bounds(np.array(drawn.polygons))
    lon, lat = (
        grid.ravel() for grid in np.meshgrid(np.arange(west, east, 0.04), np.arange(south, north, 0.04))
    )
    lon, lat = lon[~is_water(lon, lat)], lat[~is_water(lon, lat)]
    counts = np.zeros((3, 3))
    np.add.at(counts, (drawn.classify(lon, lat), CoarseRelief().classify(lon, lat)), 1)
    share = counts / counts.sum(axis=1, keepdims=True)
    assert share[0, 0] > 0.97
    assert share[0, 2] < 0.01
    assert share[2, 0] < 0.15
    assert share[2, 2] > 0.4
    assert share[1, 2] < 0.2


def test_the_sea_and_what_is_beside_it_is_plain_to_the_poles_and_round_the_earth():
    lat = np.array([90.0, -90.0, 0.0, 0.0, 25.9, 36.0, 52.4])
    lon = np.array([0.0, 0.0, 180.0, -180.0, -80.2, 123.0, 4.9])
    assert CoarseRelief().classify(lon, lat).tolist() == [0] * len(lat)
    everywhere = np.linspace(-180, 180, 97)
    once, again = (CoarseRelief().classify(everywhere + turn, np.full(97, 28.0)) for turn in (0.0, 360.0))
    assert once.tolist() == again.tolist()
    assert 0 < sum(rank > 0 for rank in once.tolist()) < len(once)


def test_without_a_file_relief_is_coarse_and_says_so():
    ground = read_terrain(None)
    assert is_known(ground)
    assert not is_known(PLAIN)
    assert "9 km" in ground.source
    assert "lower bound" in ground.source
