"""What rules look at, and purses, on small drawn regions."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from candidates_drawing import KM, base_case, cities, network
from knapsack_program import *  # noqa: F403
