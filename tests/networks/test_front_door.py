"""Test what the package `networks` exports, and that importing it is fast."""

from __future__ import annotations

import subprocess
import sys

import pytest

import networks


@pytest.mark.parametrize("name", networks.__all__)
def test_every_exported_name_can_be_used(name):
    assert getattr(networks, name) is not None


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="roads"):
        networks.roads  # noqa: B018 - the access itself is the test


def test_names_are_those_of_their_modules():
    from networks.graph import to_graph
    from networks.schema import Network

    assert networks.to_graph is to_graph
    assert networks.Network is Network


def test_importing_the_package_loads_no_other_library():
    code = "import sys, networks; print([m for m in ('numpy', 'pandas', 'osmium') if m in sys.modules])"
    found = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert found.stdout.strip() == "[]"
