"""The reader of Steiner instances: what it reads, what it refuses, and where."""

import pytest

from planner.errors import DataFileError
from planner.io import read_steinlib

GOOD = """33D32945 STP File, STP Format Version 1.0
SECTION Comment
Name "three nodes"
END

SECTION Graph
Nodes 3
Edges 2
E 1 2 5
E 3 2 7
END

SECTION Terminals
Terminals 2
T 3
T 1
END

EOF
"""


def test_both_dialects(tmp_path):
    path = tmp_path / "three.stp"
    path.write_text(GOOD, encoding="utf-8")
    given = read_steinlib(path)
    assert (given.file, given.node_count) == ("three.stp", 3)
    assert given.u.tolist() == [0, 2]
    assert given.v.tolist() == [1, 1]
    assert given.weight.tolist() == [5, 7]
    assert given.terminals.tolist() == [0, 2]
    path.write_text(
        GOOD.partition("SECTION Graph")[2].join(["SECTION Graph", ""]).replace("\n", "\r\n")
    )
    assert read_steinlib(path).weight.tolist() == [5, 7]


@pytest.mark.parametrize(
    ("before", "after", "key", "values"),
    [
        ("E 1 2 5", "E 1 2", "steinlib_line", {"line": 9, "section": "Graph"}),
        ("E 1 2 5", "E 1 4 5", "steinlib_line", {"line": 9}),
        ("E 1 2 5", "E 1 2 -5", "steinlib_line", {"line": 9}),
        ("E 1 2 5", "E 1 2 5.5", "steinlib_line", {"line": 9}),
        ("E 1 2 5", "X 1 2 5", "steinlib_line", {"line": 9}),
        ("T 3", "T 0", "steinlib_line", {"line": 15, "section": "Terminals"}),
        ("E 1 2 5\n", "", "steinlib_count", {"said": 2, "found": 1}),
        ("T 1\n", "", "steinlib_count", {"said": 2, "found": 1}),
        ("END\n\nEOF\n", "", "steinlib_part", {"section": "Terminals"}),
        ("SECTION Graph", "SECTION Graf", "steinlib_part", {"section": "Graph"}),
    ],
)  # fmt: skip
def test_a_broken_file_says_where(tmp_path, before, after, key, values):
    path = tmp_path / "broken.gr"
    text = GOOD.replace(before, after)
    assert text != GOOD
    path.write_text(text, encoding="utf-8")
    with pytest.raises(DataFileError) as failure:
        read_steinlib(path)
    problem = failure.value.problem
    # terminals come before the graph's nodes are known when its section is misspelt
    if key == "steinlib_part" and values["section"] == "Graph":
        assert problem.key in {"steiner.steinlib_part", "steiner.steinlib_line"}
    else:
        assert problem.key == f"steiner.{key}"
        assert {name: problem.values[name] for name in values} == values
    assert "broken.gr" in failure.value.say("fr")


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(DataFileError) as failure:
        read_steinlib(tmp_path / "absent.gr")
    assert failure.value.problem.key == "io.missing_file"
