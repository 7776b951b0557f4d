"""What the rules leave out is listed by id where it had one, and counted otherwise."""

from dataclasses import replace

from candidates_drawing import proposal, table

from optimiser.run.reporting import left_out, rejected


def test_each_candidate_left_out_has_a_row_and_the_others_are_counted():
    found = replace(
        table(proposal("x", 0, 1, 5)),
        report={"rail: too slow": 3, "road: too short": 2},
        rejected={"y": ("rail: too slow", "A", "B")},
    )
    assert rejected(found).to_numpy().tolist() == [
        ["rail: too slow", 1, "y", "A", "B"],
        ["rail: too slow", 2, "", "", ""],
        ["road: too short", 2, "", "", ""],
    ]
    assert rejected(found)["count"].sum() == left_out(found)["count"].sum()
