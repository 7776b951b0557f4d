"""Check the conversion of public networks to problems, and the faults of their files."""

from __future__ import annotations

import dataclasses

import pytest

from optimiser.bench.converters import Choices, problem_of
from optimiser.bench.converters.formats import read_sndlib, read_tntp
from optimiser.cli.app import call
from optimiser.problem import load
from optimiser.problem.errors import EnvironmentFault, ProblemError

NATIVE = """?SNDlib native format; type: network; version: 1.0
# a triangle with a tail
META (
  granularity = month
)
NODES (
  A ( 0.00 0.00 )
  B ( 3.00 4.00 )
  C ( 6.00 8.00 )
  D ( 6.00 9.00 )
)
LINKS (
  AB ( A B ) 0.00 0.00 0.00 7.00 ( 40.00 900.00 160.00 1800.00 )
  BC ( B C ) 0.00 0.00 0.00 0.00 ( 40.00 11.00 )
  CD ( C D ) 0.00 0.00 0.00 0.00 ( )
)
DEMANDS (
  d1 ( A B ) 1 5.40 UNLIMITED
  d2 ( B A ) 1 1.00 UNLIMITED
  d3 ( A D ) 1 0.20 UNLIMITED
)
ADMISSIBLE_PATHS (
  d1 (
    P_0 ( AB )
  )
)
"""

XML = """<?xml version="1.0" encoding="UTF-8"?>
<network xmlns="http://sndlib.zib.de/network" version="1.0">
 <networkStructure>
  <nodes coordinatesType="pixel">
   <node id="A"><coordinates><x>0.0</x><y>0.0</y></coordinates></node>
   <node id="B"><coordinates><x>3.0</x><y>4.0</y></coordinates></node>
   <node id="C"><coordinates><x>6.0</x><y>8.0</y></coordinates></node>
   <node id="D"><coordinates><x>6.0</x><y>9.0</y></coordinates></node>
  </nodes>
  <links>
   <link id="AB"><source>A</source><target>B</target><setupCost>7.0</setupCost>
    <additionalModules><addModule><capacity>40.0</capacity><cost>900.0</cost></addModule></additionalModules>
   </link>
   <link id="BC"><source>B</source><target>C</target>
    <additionalModules>
     <addModule><capacity>40.0</capacity><cost>11.0</cost></addModule>
     <addModule><capacity>80.0</capacity><cost>20.0</cost></addModule>
    </additionalModules>
   </link>
   <link id="CD"><source>C</source><target>D</target></link>
  </links>
 </networkStructure>
 <demands>
  <demand id="d1"><source>A</source><target>B</target><demandValue>5.4</demandValue></demand>
  <demand id="d2"><source>B</source><target>A</target><demandValue>1.0</demandValue></demand>
  <demand id="d3"><source>A</source><target>D</target><demandValue>0.2</demandValue></demand>
 </demands>
</network>
"""

NET = """<NUMBER OF ZONES> 2
<NUMBER OF NODES> 4
<FIRST THRU NODE> 3
<NUMBER OF LINKS> 7
<END OF METADATA>

~ \tinit_node\tterm_node\tcapacity\tlength\tfree_flow_time\tb\tpower\tspeed\ttoll\tlink_type\t;
\t1\t3\t100\t1\t2\t0.15\t4\t0\t0\t1\t;
\t3\t1\t100\t1\t2\t0.15\t4\t0\t0\t1\t;
\t2\t4\t100\t1\t3\t0.15\t4\t0\t0\t1\t;
\t4\t2\t100\t1\t3\t0.15\t4\t0\t0\t1\t;
\t3\t4\t100\t1\t5.5\t0.15\t4\t0\t0\t1\t;
\t4\t3\t100\t1\t6\t0.15\t4\t0\t0\t1\t;
\t3\t4\t100\t1\t9\t0.15\t4\t0\t0\t1\t;
"""

TRIPS = """<NUMBER OF ZONES> 2
<TOTAL OD FLOW> 30.0
<END OF METADATA>

Origin \t1
    1 :      0.0;     2 :     10.4;
Origin  2
    1 :     20.0;
"""


def written(tmp_path, text, name="small.txt"):
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return path


def both(tmp_path, net=NET, trips=TRIPS):
    return written(tmp_path, net, "small_net.tntp"), written(tmp_path, trips, "small_trips.tntp")


@pytest.mark.parametrize("text", [NATIVE, XML], ids=["native", "xml"])
def test_a_network_of_sndlib_becomes_a_problem(text, tmp_path):
    network = read_sndlib(written(tmp_path, text), coordinates="plane")
    problem = problem_of(network, Choices(seconds=1.0))
    assert problem.nodes == ("A", "B", "C", "D")
    assert problem.arcs == ()
    assert [(c.id, c.cost, c.arcs) for c in problem.candidates] == [
        ("AB", 7, ((0, 1, 5000), (1, 0, 5000))),
        ("BC", 11, ((1, 2, 5000), (2, 1, 5000))),
        ("CD", 1, ((2, 3, 1000), (3, 2, 1000))),
    ]
    assert [(p.origin, p.destination, p.limit, p.weight) for p in problem.pairs] == [
        (0, 1, 10_000, 6),
        (0, 3, 22_000, 1),
    ]
    assert problem.budget == 5


def test_native_and_xml_files_hold_the_same_network(tmp_path):
    native = read_sndlib(written(tmp_path, NATIVE), coordinates="plane")
    assert read_sndlib(written(tmp_path, XML)) == native


def test_lengths_between_degrees_are_measured_on_the_sphere(tmp_path):
    network = read_sndlib(written(tmp_path, NATIVE), coordinates="degrees")
    last = network.links[-1]
    assert round(last.measure) == 111_195


def test_directions_of_a_demand_may_stay_separate_pairs(tmp_path):
    network = read_sndlib(written(tmp_path, NATIVE), coordinates="plane")
    problem = problem_of(network, Choices(merge=False, weights="equal"))
    assert [(p.origin, p.destination, p.weight) for p in problem.pairs] == [(0, 1, 1), (0, 3, 1), (1, 0, 1)]


def test_only_a_share_of_the_links_become_candidates(tmp_path):
    network = read_sndlib(written(tmp_path, NATIVE), coordinates="plane")
    problem = problem_of(network, Choices(candidate_percent=34))
    assert (len(problem.candidates), len(problem.arcs)) == (1, 4)


def test_a_network_of_tntp_becomes_a_problem(tmp_path):
    problem = problem_of(read_tntp(*both(tmp_path)), Choices(limit_percent=110, merge=False))
    assert problem.nodes == ("1", "2", "3", "4", "1:out", "2:out")
    assert problem.arcs == ((4, 2, 120), (2, 0, 120), (5, 3, 180), (3, 1, 180))
    assert [(c.id, c.cost, c.arcs) for c in problem.candidates] == [
        ("3-4", 6, ((2, 3, 330), (3, 2, 360))),
        ("3-4#2", 9, ((2, 3, 540),)),
    ]
    assert [(p.origin, p.destination, p.limit, p.weight) for p in problem.pairs] == [
        (4, 1, 693, 10),
        (5, 0, 726, 20),
    ]
    assert problem.budget == 4


def test_no_path_leads_through_a_zone(tmp_path):
    net = NET.replace("\t3\t4\t100\t1\t5.5", "\t1\t4\t100\t1\t5.5").replace("\t4\t3\t100", "\t4\t1\t100")
    problem = problem_of(read_tntp(*both(tmp_path, net)), Choices(merge=False))
    into = {head for _, head, _ in problem.arcs}
    out = {tail for tail, _, _ in problem.arcs}
    assert into & {4, 5} == set()
    assert out & {0, 1} == set()


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("A ( 0.00 0.00 )", "A ( 0.00 )", "line 7: a node is ID ( x y )"),
        ("B ( 3.00 4.00 )", "A ( 3.00 4.00 )", "line 8: node 'A' occurs twice"),
        ("AB ( A B )", "AB ( A Z )", "line 13: link AB: there is no node 'Z'"),
        ("BC ( B C )", "AB ( B C )", "line 14: link 'AB' occurs twice"),
        ("7.00 ( 40.00", "much ( 40.00", "line 13: set-up cost: 'much' is not a number"),
        ("7.00 ( 40.00", "-7.00 ( 40.00", "line 13: set-up cost: -7.00 is not between 0 and 2^53"),
        ("d1 ( A B )", "d1 ( A A )", "line 18: demand leads from 'A' to itself"),
        ("5.40", "nan", "line 18: demand: nan is not between"),
        ("DEMANDS (", "DEMANDED (", "line 17: 'DEMANDED (' is not the head of a section"),
    ],
)
def test_a_fault_of_a_native_file_is_reported_with_its_line(old, new, fault, tmp_path):
    with pytest.raises(ProblemError) as caught:
        read_sndlib(written(tmp_path, NATIVE.replace(old, new, 1)))
    assert any(fault in text for text in caught.value.faults)


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("<x>3.0</x>", "<x>east</x>", "line 6: x of a node: 'east' is not a number"),
        ('<link id="CD"><source>C</source>', '<link id="CD">', "line 20: the link 'CD' lacks its source"),
        ("<demandValue>5.4", "<demandValue>-1", "line 24: demand value: -1 is not between"),
        ("</networkStructure>", "", "not well-formed: mismatched tag"),
        ("<network ", "<!DOCTYPE network><network ", "a document type declaration is not read"),
    ],
)
def test_a_fault_of_an_xml_file_is_reported_with_its_line(old, new, fault, tmp_path):
    with pytest.raises(ProblemError) as caught:
        read_sndlib(written(tmp_path, XML.replace(old, new, 1)))
    assert any(fault in text for text in caught.value.faults)


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        (
            "<NUMBER OF LINKS> 7",
            "<NUMBER OF LINKS> 8",
            "line 4: NUMBER OF LINKS is 8, but 7 links are listed",
        ),
        ("\t1\t3\t100\t1\t2\t", "\t1\t9\t100\t1\t2\t", "line 8: '9' is not a node (1 to 4)"),
        ("\t5.5\t", "\tfast\t", "line 12: free-flow time: 'fast' is not a number"),
        ("<NUMBER OF NODES> 4\n", "", "there is no line <NUMBER OF NODES>"),
        ("<END OF METADATA>\n", "", "there is no line <END OF METADATA>"),
        ("NODES> 4", "NODES> \u00b2", "line 2: NUMBER OF NODES: '\u00b2' is not a whole number"),
        ("NODES> 4", "NODES> \u0664", "line 2: NUMBER OF NODES: '\u0664' is not a whole number"),
        ("NODES> 4", "NODES> 1_0", "line 2: NUMBER OF NODES: '1_0' is not a whole number"),
        ("NODES> 4", "NODES> -4", "line 2: NUMBER OF NODES: '-4' is not a whole number"),
        ("NODES> 4", "NODES> 100000000000", "line 2: NUMBER OF NODES: 100000000000 is above 1,000,000"),
        ("NODES> 4", f"NODES> {'9' * 5000}", "is not a whole number"),
        ("NODE> 3", "NODE> \u00b2", "line 3: FIRST THRU NODE: '\u00b2' is not a whole number"),
        ("NODE> 3", "NODE> 100000000000", "line 3: FIRST THRU NODE: 100000000000 is above 1,000,000"),
        ("LINKS> 7", "LINKS> \u00b2", "line 4: NUMBER OF LINKS is \u00b2, but 7 links are listed"),
        ("\t1\t3\t100", "\t\u00b2\t3\t100", "line 8: '\u00b2' is not a node (1 to 4)"),
    ],
)
def test_a_fault_of_a_tntp_network_is_reported_with_its_line(old, new, fault, tmp_path):
    with pytest.raises(ProblemError) as caught:
        read_tntp(*both(tmp_path, NET.replace(old, new, 1)))
    assert any(fault in text for text in caught.value.faults)


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("Origin \t1\n", "", "line 5: trips before a line of their origin"),
        ("2 :     10.4", "2 -     10.4", "line 6: '2 -     10.4' is not DESTINATION : TRIPS"),
        ("Origin  2", "Origin  7", "line 7: '7' is not a node (1 to 4)"),
        ("Origin  2", "Origin  \u00b2", "line 7: '\u00b2' is not a node (1 to 4)"),
    ],
)
def test_a_fault_of_tntp_trips_is_reported_with_its_line(old, new, fault, tmp_path):
    with pytest.raises(ProblemError) as caught:
        read_tntp(*both(tmp_path, trips=TRIPS.replace(old, new, 1)))
    assert any(fault in text for text in caught.value.faults)


def test_a_missing_file_is_a_fault_of_the_environment(tmp_path):
    with pytest.raises(EnvironmentFault):
        read_sndlib(tmp_path / "absent.txt")


def test_demands_without_a_path_are_refused(tmp_path):
    text = NATIVE.replace("  AB ( A B ) 0.00 0.00 0.00 7.00 ( 40.00 900.00 160.00 1800.00 )\n", "")
    with pytest.raises(ProblemError, match="no demand has a path"):
        problem_of(read_sndlib(written(tmp_path, text)), Choices())


@pytest.mark.shared
@pytest.mark.parametrize(("name", "percent"), [("siouxfalls_05", 50), ("siouxfalls_03", 30)])
def test_the_public_problem_of_sioux_falls_is_written_by_the_stated_command(
    name, percent, shared_dir, tmp_path
):
    known = load(shared_dir / "instances" / "public" / f"{name}.json")
    count = len(known.nodes)
    minutes = [(a + 1, b + 1, seconds / 60) for c in known.candidates for a, b, seconds in c.arcs]
    head = f"<NUMBER OF ZONES> {count}\n<NUMBER OF NODES> {count}\n<FIRST THRU NODE> 1\n"
    rows = "".join(f"\t{a}\t{b}\t100\t1\t{free:g}\t0.15\t4\t0\t0\t1\t;\n" for a, b, free in minutes)
    net = f"{head}<NUMBER OF LINKS> {len(minutes)}\n<END OF METADATA>\n{rows}"
    halves = "".join(
        f"Origin {a + 1}\n{b + 1} : {p.weight / 2};\n"
        for p in known.pairs
        for a, b in ((p.origin, p.destination), (p.destination, p.origin))
    )
    total = sum(p.weight for p in known.pairs)
    trips = f"<NUMBER OF ZONES> {count}\n<TOTAL OD FLOW> {total}\n<END OF METADATA>\n{halves}"
    files, out = both(tmp_path, net, trips), tmp_path / f"{name}.json"
    words = ["convert", "tntp", *map(str, files), "--out", str(out), "--budget-percent", str(percent)]
    assert call(words) == 0
    found = load(out)
    assert [(c.cost, c.arcs) for c in found.candidates] == [(c.cost, c.arcs) for c in known.candidates]
    assert [p[:4] for p in map(dataclasses.astuple, found.pairs)] == [
        p[:4] for p in map(dataclasses.astuple, known.pairs) if p[3]
    ]
    assert (found.nodes, found.arcs, found.budget) == (known.nodes, known.arcs, known.budget)
