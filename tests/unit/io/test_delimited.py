"""CSV: separators, encodings, quotation marks."""

import pytest

from planner.errors import ContractError, DataFileError
from planner.io.delimited import DelimitedSource


def read(text, columns=("a", "b"), **options):
    content = text if isinstance(text, bytes) else text.encode()
    source = DelimitedSource.open(content, file="f.csv", **options)
    layer = source.read(list(columns))
    return source, layer


@pytest.mark.parametrize("mark", [",", ";", "\t", "|"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_separator_and_line_ends_are_found(mark, end):
    source, layer = read(end.join([mark.join(row) for row in (("a", "b"), ("1", "2"), ("3", "4"))]))
    assert source.separator == mark
    assert layer.table.to_pydict() == {"a": ["1", "3"], "b": ["2", "4"]}
    assert layer.rows.tolist() == [1, 2]


def test_decimal_comma_does_not_make_a_comma_file():
    source, layer = read("a;b\n1,5;2,5\n")
    assert source.separator == ";"
    assert layer.table.to_pydict() == {"a": ["1,5"], "b": ["2,5"]}


def test_cells_stay_text():
    _, layer = read("a,b\n01143,NA\n35236.0,null\n")
    assert layer.table.to_pydict() == {"a": ["01143", "35236.0"], "b": ["NA", "null"]}


def test_lines_with_another_number_of_fields_are_set_aside_where_they_are():
    _, layer = read("a,b\n1,2\n3\n4,5,6\n\n7,8\n")
    assert layer.table.to_pydict() == {"a": ["1", "7"], "b": ["2", "8"]}
    assert layer.rows.tolist() == [1, 4]
    assert [(b.row, b.reason, b.value) for b in layer.broken] == [
        (2, "broken_line", "3"),
        (3, "broken_line", "4,5,6"),
    ]


def test_quoted_separators_and_line_ends_are_one_cell():
    _, layer = read('a,b\n"x,1","y\nz"\n2,3\n')
    assert layer.table.to_pydict() == {"a": ["x,1", "2"], "b": ["y\nz", "3"]}
    assert layer.findings == ()


@pytest.mark.parametrize(
    "text",
    ['a,b\n1,"x\n2,y\n3,z\n', 'a,b\n1,"x\n2,y\n3,z"\n', 'a,b\n"1,x\n2,y\n3",z\n'],
    ids=["never closed", "closed later", "closed in another column"],
)
def test_open_quotation_mark_swallows_no_line(text):
    _, layer = read(text)
    assert len(layer.rows) + len(layer.broken) == 3
    assert [f.rule for f in layer.findings] == ["io.open_quote"]


def test_header_only_has_no_row():
    _, layer = read("a,b")
    assert layer.table.num_rows == 0
    assert layer.rows.size == 0


def test_column_named_twice_is_refused_only_when_asked_for():
    _, layer = read("a,b,c,c\n1,2,3,4\n")
    assert layer.table.to_pydict() == {"a": ["1"], "b": ["2"]}
    with pytest.raises(ContractError, match="plusieurs colonnes portent le même nom : c"):
        read("a,b,c,c\n1,2,3,4\n", columns=("c",))


def test_encoding_found_is_said_unless_plain():
    _, plain = read("a,b\n1,2\n")
    assert plain.findings == ()
    source, layer = read("a,b\nété,2\n".encode("cp1252"))
    assert layer.table.to_pydict()["a"] == ["été"]
    assert source.encoding == "cp1252"
    assert [(f.rule, dict(f.values)) for f in layer.findings] == [
        ("io.encoding_found", {"encoding": "cp1252"})
    ]


def test_blank_file_is_empty():
    with pytest.raises(DataFileError, match="est vide"):
        DelimitedSource.open(b"\n\n", file="f.csv")
