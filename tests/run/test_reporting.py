"""The report states the assumptions of a run in words."""

from __future__ import annotations

from dataclasses import replace

from networks.intermodal import AccessParameters
from optimiser.run.reporting import describe_access


def test_the_report_tells_what_counts_before_the_first_train():
    said = dict(describe_access(AccessParameters.default("CN")))
    assert said["Arrival at the station"] == "25 min before high-speed and 20 min before conventional trains"
    assert said["Wait before the first train"] == "30 min at most, below it 0.2 of the headway"
    assert said["Change of trains"] == "20 min and half the headway, at most 30 min"


def test_two_rules_of_waiting_are_told_apart():
    mixed = replace(AccessParameters.default("CN"), waiting_conv="turn_up", wait_cap_s=90)
    wait = dict(describe_access(mixed))["Wait before the first train"]
    assert wait == (
        "high-speed: 1.5 min at most, below it 0.2 of the headway; "
        "conventional: 1.5 min at most, below it 0.5 of the headway"
    )
