"""Write problems as JSON, read the faults of broken ones, and load the published schemas."""

from __future__ import annotations

import json
import os

import pytest

from optimiser.problem import dumps, parse
from optimiser.problem.errors import ProblemError


def as_json(problem):
    return json.loads(dumps(problem))


def faults_of(value):
    with pytest.raises(ProblemError) as caught:
        parse(value)
    return caught.value.faults


def schema_of(name):
    import optimiser

    folder = os.path.dirname(optimiser.__file__)  # noqa: PTH120
    with open(os.path.join(folder, "problem", "schemas", name), encoding="utf-8") as file:  # noqa: PTH118, PTH123
        return json.load(file)
