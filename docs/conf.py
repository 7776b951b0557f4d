"""Set up the documentation site; `python tools/site.py` builds and checks it."""

from __future__ import annotations

import re
import sys
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

from docutils.nodes import Element, SkipNode, math_block
from latex2mathml.converter import convert
from sphinx.util import logging

if TYPE_CHECKING:
    from sphinx.application import Sphinx
    from sphinx.environment import BuildEnvironment
    from sphinx.writers.html5 import HTML5Translator

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tools import reference_pages  # noqa: E402 - the tools of the project are not installed

project = "polyring"
author = "The polyring authors"
project_copyright = "The polyring authors, MIT; map data © OpenStreetMap contributors, ODbL 1.0"
release = metadata.version("polyring")

# The source folder is that of the project, so that links between pages work on the site as they do in the
# repository; these are its pages.
root_doc = "docs/index"
include_patterns = [
    "docs/*.md",
    "*.md",
    "benchmarks/**.md",
    "networks/regions/**.md",
]
exclude_patterns = [".*", "build", "dist", "tests", "optimiser", "notebooks", "polyring-*", "**/__pycache__"]

extensions = ["myst_parser", "sphinx.ext.autodoc", "numpydoc"]
myst_enable_extensions = ["deflist"]
myst_fence_as_directive = ["math"]
html_math_renderer = "mathml"
myst_heading_anchors = 4
nitpicky = False

default_role = "literal"  # docstrings mark code with single backquotes
numpydoc_show_class_members = False
numpydoc_class_members_toctree = False
numpydoc_attributes_as_param_list = False
autodoc_member_order = "bysource"
autodoc_typehints_format = "short"
python_use_unqualified_type_names = True
add_module_names = False
maximum_signature_line_length = 88

html_theme = "furo"
html_title = f"polyring {release}"
html_show_sphinx = False
html_show_sourcelink = False
html_copy_source = False
html_show_search_summary = False  # it would fetch pages, which browsers refuse from disk
html_theme_options = {"navigation_with_keys": True}


def setup(app: Sphinx) -> None:
    """Let the code write parts of some pages, and let the build fail where a public name has no entry."""
    app.add_html_math_renderer("mathml", (_write_formula, None), (_write_formula, None))
    app.connect("source-read", _add_generated_part)
    app.connect("env-check-consistency", _warn_of_missing_names)


def _write_formula(page: HTML5Translator, node: Element) -> None:
    """Write a formula as MathML, which browsers set without fetching anything."""
    is_block = isinstance(node, math_block)
    formula = convert(node.astext(), display="block" if is_block else "inline")
    # A prime in a script of a script is a speck: it is raised as it is.
    formula = re.sub(
        r"<msup>(<mi>\w+</mi>)<mi>(&#x02032;)</mi></msup>", r"<mrow>\1<mo>\2</mo></mrow>", formula
    )
    page.body.append(formula.replace('columnalign="left"', 'style="text-align: left"'))
    raise SkipNode


def _add_generated_part(_app: Sphinx, page: str, source: list[str]) -> None:
    if write := reference_pages.GENERATED.get(page):
        source[0] += "\n" + write()


def _warn_of_missing_names(_app: Sphinx, env: BuildEnvironment) -> None:
    import polyring

    described = env.domains.python_domain.objects
    names: dict[int, list[str]] = {}
    for name in polyring.__all__:
        names.setdefault(id(getattr(polyring, name)), []).append(f"polyring.{name}")
    for same in names.values():
        if not described.keys() & same:
            logging.getLogger(__name__).warning("docs/api.md has no entry for %s", " or ".join(same))
