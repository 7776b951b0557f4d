"""Keys of a TOML text are found on their lines."""

from __future__ import annotations

from optimiser.job import reading


def test_lines_of_dotted_keys_and_multi_line_values_are_found() -> None:
    text = 'a.b = 1\n[t]\nx = [\n  1,\n  2,\n]\ns = """\n[no]\n"""\ny = 2\n'
    found = reading.positions(text)
    assert found["a", "b"] == 1
    assert found["t", "x"] == 3
    assert found["t", "y"] == 10
    assert ("no",) not in found


def test_a_table_inside_one_of_several_has_the_number_of_that_one():
    text = "[[a]]\nx = 1\n[a.b]\ny = 1\n[[a]]\n[a.b]\ny = 2\n"
    found = reading.positions(text)
    assert found[("a", "0", "b", "y")] == 4
    assert found[("a", "1", "b", "y")] == 7


def test_commas_at_the_end_of_comments_move_no_line():
    text = '# one,\nx = 1 # two,\n[t]\ny = [\n  "[a]",\n  "b" # three,\n]\nz = {a = 1, b = 2}\n'
    found = reading.positions(text)
    assert [found[key] for key in (("x",), ("t",), ("t", "y"), ("t", "z"))] == [2, 3, 4, 8]
