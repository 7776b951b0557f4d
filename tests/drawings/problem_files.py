"""Write problems as JSON, read the faults of broken ones, and hold values against the published schemas."""

from __future__ import annotations

import functools
import json
from importlib import resources

import pytest
from jsonschema.validators import validator_for

from optimiser.problem import dumps, parse
from optimiser.problem.errors import ProblemError


def as_json(problem):
    return json.loads(dumps(problem))


def faults_of(value):
    with pytest.raises(ProblemError) as caught:
        parse(value)
    return caught.value.faults


@functools.cache
def _validator(name):
    schema = json.loads(
        (resources.files("optimiser") / "problem" / "schemas" / name).read_text(encoding="utf-8")
    )
    kind = validator_for(schema)
    kind.check_schema(schema)
    return kind(schema)


def validate(value, name):
    """Refuse what a published schema does not accept; the schema itself is checked once."""
    _validator(name).validate(value)
