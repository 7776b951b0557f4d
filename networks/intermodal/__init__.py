"""Join roads, trains and city centres into one graph of travel times."""

from networks.intermodal.access import Definition, join
from networks.intermodal.parameters import AccessParameters, ByTier

__all__ = ["AccessParameters", "ByTier", "Definition", "join"]
