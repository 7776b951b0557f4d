"""Fix the colours, widths and fonts that all maps and pictures share, and draw what they have in common."""

from __future__ import annotations

import io
import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np
import pandas as pd
from anyascii import anyascii

from optimiser.problem.jsonfile import write_whole
from optimiser.proposals.generate import SERVICES
from optimiser.report.wording import data_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


@dataclass(frozen=True, slots=True)
class Stroke:
    """How a line is drawn: name in the legend, colour on light and on dark paper, width in points."""

    name: str
    colour: str
    dark: str
    width: float
    dash: Sequence[float] = ()

    @property
    def look(self) -> dict[str, Any]:
        """Return colour, width and dashes as Matplotlib takes them."""
        dash = (0, tuple(self.dash)) if self.dash else "solid"
        return {"color": self.colour, "lw": self.width, "linestyle": dash}


LOOKS = data_of("looks")
NETWORK, PROPOSALS, COMPARED, RINGS, PAST, STRATEGIES, _PARTS, _KNOWN = (
    {name: Stroke(**look) for name, look in LOOKS[group].items()}
    for group in ("network", "proposals", "compared", "rings", "past", "strategies", "parts", "known")
)
"""How lines are drawn: today's network, proposals, what two plans build, rings, and what a past day had."""
ON_MAPS = PROPOSALS | COMPARED
"""How all links are drawn that a map may propose, by category."""
RING_NEW, RING_LEFT, KNOWN_RINGS = _PARTS["new"], _PARTS["left"], tuple(_KNOWN.values())


@dataclass(frozen=True, slots=True)
class Tier:
    """How cities of a tier are drawn: side of the mark, size of the label in points, local name beside it."""

    name: str
    mark: float
    text: float
    bold: bool = False
    local: bool = False


CITY_TIERS = {name: Tier(**look) for name, look in LOOKS["tiers"].items()}
OTHER_TIER = CITY_TIERS.pop("other")

INK, PAPER, MUTED = "#1d2126", "#fdfcf8", "#6a7077"
"""Colours of text, ground and secondary text."""

GAINS, LOSES = "#0b8074", "#d55e00"
"""Colours of what gains by the plan or by an assumption, and of what loses."""

HALO = "#f0e442"
"""Colour of the halo of the robust core on the map."""

WITHIN, BEYOND = ("#f7fbff", "#9ecae1"), ("#e6550d", "#6b2000")
"""Ends of the shades of times within the limit and beyond it, short to long: blues and oranges of ColorBrewer
(Harrower and Brewer 2003). They darken with time, and a step of lightness marks the limit."""

TIER_LINES = {"core": "#8a6d1f", "secondary": "#0072b2", "small": "#d55e00"}
TIER_LINES_DARK = {"core": "#d8b95a", "secondary": "#56b4e9", "small": "#f0894a"}
"""Colours of the curves of tiers, on light and on dark paper."""

BEFORE, CEILING, RULE, GRID = "#35597a", "#e4e1d8", "#c9c6bd", "#e7e3d8"
"""Colours of today's coverage, of coverage with every candidate, of frames, and of grid lines."""

REACH = (LOSES, "#f6efdf", GAINS)
"""Colours of a city that has none, half and all of the others within the limit."""

FONTS: Sequence[str] = LOOKS["fonts"]["families"]
"""Font families tried in turn for each letter; only those installed are asked for."""


def reach_colour(share: float) -> str:
    """Return the colour of a city by the share of the others that it has within the limit, 0 to 1."""
    from matplotlib.colors import LinearSegmentedColormap, to_hex

    return to_hex(LinearSegmentedColormap.from_list("reach", REACH)(float(share)))


def tier(name: str) -> Tier:
    """Return how cities of a tier are drawn."""
    return CITY_TIERS.get(name, OTHER_TIER)


def tier_name(name: str) -> str:
    """Return what a tier is called: a name of its own, or that of the usual ones."""
    return CITY_TIERS[name].name if name in CITY_TIERS else str(name)


def ring(mode: str) -> Stroke:
    """Return how rings of a mode are drawn."""
    return RINGS.get(mode, RINGS["road"])


def category(*, mode: str, kind: str) -> str:
    """Return the key in `PROPOSALS` of a candidate: ``road``, ``rail``, ``service`` or ``access``."""
    if kind in SERVICES:
        return "service"
    return mode if mode in ("rail", "access") else "road"


def categories(links: pd.DataFrame) -> list[str]:
    """Return the category of each proposed link: what a column `category` says, else by mode and kind."""
    if "category" in links.columns:
        return [str(name) for name in links["category"]]
    return [category(mode=mode, kind=kind) for mode, kind in zip(links["mode"], links["kind"], strict=True)]


def legible(words: str) -> str:
    """Return a text for a picture, in which letters that no installed font has are transliterated.

    Parameters
    ----------
    words
        Any text, for example a name in Chinese.
    """
    return words if _letters().issuperset(map(ord, words)) else anyascii(words)


FIRST_OTHER = 0x250
"""First code point beyond the Latin letters that every font has."""


def local_names(cities: pd.DataFrame) -> list[str]:
    """Return a blank and each city's name as written there; nothing where it has none in other letters."""
    own = cities["local_name"] if "local_name" in cities else cities["name"]
    named = zip(own.astype(str), cities["name"], strict=True)
    return [f" {o}" if o != name and max(map(ord, o), default=0) >= FIRST_OTHER else "" for o, name in named]


@cache
def _fonts() -> list[str]:
    from matplotlib import font_manager

    installed = set(font_manager.get_font_names())
    return [name for name in FONTS if name in installed]


@cache
def _letters() -> frozenset[int]:
    """Return the code points that the fonts of pictures have, and line breaks."""
    from matplotlib import font_manager

    paths = [font_manager.findfont(name) for name in _fonts()]
    return frozenset({ord("\n")}.union(*(font_manager.get_font(path).get_charmap() for path in paths)))


@contextmanager
def figure(width: float, height: float, *, dpi: float, size: float) -> Iterator[Figure]:
    """Yield an empty figure that is bound to no window; fonts and colours hold until the block ends.

    Parameters
    ----------
    width, height
        Inches.
    dpi
        Dots per inch for which labels are placed.
    size
        Size of plain text in points.
    """
    import matplotlib as mpl
    from matplotlib.text import Text

    look: Any = {"font.family": _fonts(), "font.size": size, "text.color": INK, "text.parse_math": False}
    with mpl.rc_context(look):
        found = unbound_figure(figsize=(width, height), dpi=dpi, facecolor=PAPER)
        yield found
        for text in found.findobj(Text):
            text.set_text(legible(text.get_text()))


def unbound_figure(**options: Any) -> Figure:  # noqa: ANN401 - as matplotlib takes them
    """Return a figure that belongs to no window and that a notebook shows without pyplot.

    Parameters
    ----------
    **options
        As for `matplotlib.figure.Figure`.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from PIL import Image

    class Shown(Figure):
        """A figure that a notebook shows without pyplot, in 256 colours: a third of the size."""

        def _repr_png_(self) -> bytes:
            drawn, small = io.BytesIO(png(self)), io.BytesIO()
            picture = Image.open(drawn).convert("RGB")
            # This method alone keeps the colours of thin lines; the means then restore those of grounds.
            few = picture.quantize(method=Image.Quantize.MAXCOVERAGE, kmeans=picture.width * picture.height)
            few.save(small, format="png", optimize=True)
            return small.getvalue()

    found = Shown(**options)
    FigureCanvasAgg(found)
    return found


def write(figure: Figure, path: Path, *, dpi: float | None = None) -> Path:
    """Write a figure as a PNG file, whole or not at all; `dpi` as in `png`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    return write_whole(path, lambda part: part.write_bytes(png(figure, dpi=dpi)))


def png(figure: Figure, *, dpi: float | None = None) -> bytes:
    """Return a figure as a PNG image of so many dots per inch; None: those for which it was drawn."""
    import matplotlib as mpl

    drawn = io.BytesIO()
    # Ticks are made here, and a name such as ``$x$`` is no formula. Level 1 packs a map in a third of the
    # time of the default, into 5 % more bytes.
    with mpl.rc_context({"text.parse_math": False}):
        figure.savefig(drawn, format="png", dpi=dpi or figure.dpi, pil_kwargs={"compress_level": 1})
    return drawn.getvalue()


LEAST_TITLE = 6.0
"""Points; a title is never smaller."""


@contextmanager
def sheet(
    width: float, height: float, title: str, subtitle: str = "", *, dpi: float, note: str = ""
) -> Iterator[Figure]:
    """Yield a figure with a title and a line below it, in its upper 0.8 inches, and a note at its foot.

    Parameters
    ----------
    width, height
        Inches.
    title, subtitle, note
        Texts; those that are empty are left out.
    dpi
        Dots per inch for which labels are placed.
    """
    with figure(width, height, dpi=dpi, size=9) as found:
        head, size = found.text(0.02, 1 - 0.42 / height, title, size=16, weight="bold"), 16.0
        # Letters are set on whole pixels, so that their width does not follow their size exactly.
        while (wide := head.get_window_extent().width / found.bbox.width) > 0.96 and size > LEAST_TITLE:
            head.set_fontsize(size := size * min(0.99, 0.96 / wide))
        found.text(0.02, 1 - 0.72 / height, subtitle, size=10, color=MUTED)
        found.text(0.02, 0.12 / height, note, size=7.5, color=MUTED)
        yield found


def plain(
    axes: Axes,
    *,
    grid: Literal["x", "y", "both"] | None = "y",
    edges: Sequence[str] = ("left", "bottom"),
    **units: Callable[[float, Any], str],
) -> None:
    """Draw few edges of axes, pale grid lines below everything, and no ticks; `x` and `y` write figures."""
    axes.set_facecolor("none")
    for side, spine in axes.spines.items():
        spine.set_visible(side in edges)
        spine.set_color(RULE)
    axes.tick_params(length=0, labelcolor=INK)
    if grid:
        axes.grid(axis=grid, color=GRID, linewidth=0.8)
    axes.set_axisbelow(True)
    for name, tick in units.items():
        getattr(axes, f"{name}axis").set_major_formatter(tick)


def percent(value: float, _at: object = None) -> str:
    """Return a tick of an axis of shares."""
    return f"{100 * value:.3g} %"


def thousands(value: float, _at: object = None) -> str:
    """Return a tick of an axis of numbers or money."""
    return f"{value:,.0f}"


LABEL_GAP = 0.08
"""Least distance of two labels at the right edge, as a share of the height."""


def apart(axes: Axes, values: Sequence[float]) -> list[float]:
    """Return rising values at least `LABEL_GAP` apart, each raised as far as those before it need.

    All are lowered where the last would stand above the axes.
    """
    low, high = axes.get_ylim()
    gap = LABEL_GAP * (high - low)
    found = list(itertools.accumulate(values, lambda before, own: max(own, before + gap)))
    over = max(0.0, found[-1] - high) if found else 0.0
    return [value - over for value in found]


class Steps(NamedTuple):
    """Shares that rise in steps along money, today's first; `upper`: proven limits, where one is open."""

    money: Sequence[float]
    shares: Sequence[float]
    upper: Sequence[float] = ()


LOOKS_IN_TURN = ((INK, "solid"), (TIER_LINES["secondary"], (0, (5, 2))), (LOSES, (0, (1.5, 1.2))))
"""Colour and dashes of curves that no tier names, in turn: told apart in grey as well."""

BAND = "#b9c3cf"
"""Colour of the band between plans and proven bounds."""


def draw_curves(
    panels: Mapping[str, Mapping[str, Steps]], *, across: str, mark: float | None = None
) -> Figure:
    """Draw curves in panels beside each other, each curve with its name at the right end.

    Parameters
    ----------
    panels
        By title, which says what is counted: curves by name of a tier, ``all`` or anything else.
    across
        What the money is.
    mark
        An amount of money to mark.
    """
    wide = 8.2 if len(panels) == 1 else 4.4 * len(panels)
    with figure(wide, 3.5, dpi=100, size=9) as found:
        for at, (title, curves) in enumerate(panels.items()):
            step = 1 / len(panels)
            axes = found.add_axes((at * step + 0.6 / wide, 0.15, step - 1.7 / wide, 0.77))
            draw_steps(axes, curves)
            axes.set_title(title, loc="left", size=10)
            axes.set_xlabel(across, color=MUTED)
            if mark is not None:
                axes.axvline(mark, color=MUTED, lw=0.9, linestyle=(0, (3, 3)), zorder=1)
    return found


def right_of(money: Sequence[float]) -> float:
    """Return where axes end whose last point stands at the last amount of money."""
    return 1.03 * max(1.0, money[-1])


def draw_steps(axes: Axes, curves: Mapping[str, Steps]) -> None:
    """Draw curves, each a line of its own look with its name at the right end; white: where they begin."""
    right = max(right_of(curve.money) for curve in curves.values())
    turn = itertools.cycle(LOOKS_IN_TURN)
    tiers = {"all": INK, **TIER_LINES}
    looks = {name: (tiers[name], "solid") if name in tiers else next(turn) for name in curves}
    for name, curve in curves.items():
        colour, dash = looks[name]
        money, shares = [*curve.money, right], [*curve.shares, curve.shares[-1]]
        if curve.upper:
            axes.fill_between(money, shares, [*curve.upper, curve.upper[-1]], step="post", color=BAND, lw=0)
        look: Any = {"color": colour, "linestyle": dash, "linewidth": 2.4 if name == "all" else 1.6}
        axes.step(money, shares, where="post", label=name, **look)
        axes.scatter(curve.money[1:], curve.shares[1:], s=16, color=colour, zorder=4)
        axes.scatter(money[:1], shares[:1], s=30, c="white", edgecolors=INK, zorder=5, clip_on=False)
    plain(axes, x=thousands, y=percent)
    ends = sorted((curve.shares[-1], name) for name, curve in curves.items())
    for (_, name), at in zip(ends, apart(axes, [share for share, _ in ends]), strict=True):
        look = {"va": "center", "textcoords": "offset points", "annotation_clip": False}
        axes.annotate(name, (right, at), (6, 0), color=looks[name][0], **look)
    axes.set_xlim(0, right)


class Marks(NamedTuple):
    """Marks of one series in a picture of dumbbells: a share a row, nan for none."""

    shares: Sequence[float]
    label: str
    colour: str
    mark: str = "o"
    size: float = 40.0


def draw_dumbbells(axes: Axes, names: Sequence[str], series: Sequence[Marks]) -> None:
    """Draw a row a name, the first on top: the marks of each series, joined by a line, along shares."""
    at = list(range(len(names)))
    values = np.array([marks.shares for marks in series], dtype=np.float64)
    axes.hlines(at, np.nanmin(values, axis=0), np.nanmax(values, axis=0), color=RULE, linewidth=1.6, zorder=1)
    for marks in series:
        look: Any = {"s": marks.size, "marker": marks.mark, "color": marks.colour, "label": marks.label}
        axes.scatter(marks.shares, at, linewidths=2, zorder=2 + marks.size, **look)
    plain(axes, grid="x", edges=("bottom",), x=percent)
    axes.set_yticks(at, names)
    axes.set_ylim(len(at) - 0.4, -0.6)
    axes.legend(loc="lower left", bbox_to_anchor=(0, 1.0), ncols=4, frameon=False, borderaxespad=0)


def per_point(axes: Axes) -> float:
    """Return the pixels in a point of the figure that axes belong to."""
    found = axes.get_figure(root=True)
    return found.dpi / 72 if found else 1.0
