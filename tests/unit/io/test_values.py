"""From text to values."""

import datetime as dt

import numpy as np
import pyarrow as pa
import pytest

from planner.io.layers import arrow_column
from planner.io.values import (
    as_numbers,
    as_text,
    parse_bool,
    parse_code,
    parse_count,
    parse_date,
    parse_each,
    parse_term,
)
from planner.vocab import AreaKind, PremiseKind


@pytest.mark.parametrize(
    ("text", "code", "reason", "repaired"),
    [
        ("35236", "35236", "", None),
        ("2A004", "2A004", "", None),
        ("01143", "01143", "", None),
        ("1143", None, "code_as_number", "01143"),
        ("35236.0", None, "code_as_number", "35236"),
        ("1143,0", None, "code_as_number", "01143"),
        ("143", None, "bad_code", None),
        ("Redon", None, "bad_code", None),
        ("352360", None, "bad_code", None),
        ("٣٥٢٣٦", None, "bad_code", None),
    ],
)
def test_insee_codes_and_what_spreadsheets_make_of_them(text, code, reason, repaired):
    found = parse_code(text)
    assert (found.text, found.reason, found.repaired) == (code, reason, repaired)


def test_siren_has_no_zero_to_lose():
    assert parse_code("243500741", siren=True).text == "243500741"
    assert parse_code("243500741.0", siren=True).repaired == "243500741"
    assert parse_code("24350074", siren=True).reason == "bad_code"


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2017-12-31", dt.date(2017, 12, 31)),
        ("2017-12-31 10:00:00", dt.date(2017, 12, 31)),
        ("2017/12/31", dt.date(2017, 12, 31)),
        ("20171231", dt.date(2017, 12, 31)),
        ("31/12/2017", dt.date(2017, 12, 31)),
        ("1/2/2018", dt.date(2018, 2, 1)),
        ("2017-02-29", None),
        ("12/31/2017", None),
        ("31/12/17", None),
        ("hier", None),
        ("٢٠١٧-١٢-٣١", None),
    ],
)
def test_days(text, day):
    assert parse_date(text) == day


@pytest.mark.parametrize(
    ("text", "count"),
    [("0", 0), ("12", 12), ("12.0", 12), ("12,00", 12), ("1.5", None), ("-1", None), ("1 200", None),
     ("1e3", None), ("²", None), ("12345678901", None)],
)  # fmt: skip
def test_counts(text, count):
    assert parse_count(text) == count


def test_booleans_and_terms_take_both_languages():
    assert [parse_bool(t) for t in ("VRAI", "oui", "1", "false", "Non", "0", "2")] == [
        True, True, True, False, False, False, None,
    ]  # fmt: skip
    assert parse_term("Local professionnel", terms=PremiseKind) == "business"
    assert parse_term("URBAIN", terms=AreaKind) == "urban"
    assert parse_term("ville", terms=AreaKind) is None


def test_numbers_keep_nan_apart_from_what_cannot_be_read():
    values, unreadable = as_numbers(
        pa.array(["1", " 2,5 ", "", "NaN", "inf", "x", "1,000.5", "+3"])
    )
    assert unreadable.tolist() == [False, False, False, False, False, True, True, False]
    assert np.array_equal(
        values, [1, 2.5, np.nan, np.nan, np.inf, np.nan, np.nan, 3], equal_nan=True
    )
    values, unreadable = as_numbers(pa.chunked_array([pa.array([1, None, 3])]))
    assert np.array_equal(values, [1, np.nan, 3], equal_nan=True)
    assert not unreadable.any()


def test_text_is_what_was_written():
    assert as_text(pa.array([35236.0, None, 0.1])).to_pylist() == ["35236.0", None, "0.1"]
    assert as_text(pa.array([1143, None])).to_pylist() == ["1143", None]
    assert as_text(pa.array([" a ", "", "\u00a0"])).to_pylist() == ["a", None, None]
    assert as_text(pa.array([dt.date(2018, 1, 2)])).to_pylist() == ["2018-01-02"]
    assert as_text(pa.array([dt.datetime(2018, 1, 2, 3)])).to_pylist() == ["2018-01-02"]
    assert as_text(pa.array(["b", "a"]).dictionary_encode()).to_pylist() == ["b", "a"]
    assert as_text(pa.nulls(2)).to_pylist() == [None, None]
    assert as_text(pa.chunked_array([], pa.string())).to_pylist() == []
    assert as_text(pa.array([b"\x01"])).to_pylist() == ["01"]
    assert as_text(pa.array([True, None])).to_pylist() == ["true", None]


def test_unlike_values_become_text_and_keep_their_figures():
    assert arrow_column([1143, "01143", 35236.0, None, True]).to_pylist() == [
        "1143", "01143", "35236.0", None, "true",
    ]  # fmt: skip
    assert arrow_column([1, 2]).type == pa.int64()
    assert arrow_column([2**70]).to_pylist() == [str(2**70)]
    assert arrow_column([{"a": 1}, [1]]).to_pylist() == ['{"a": 1}', "[1]"]


def test_each_text_is_parsed_once():
    seen = []

    def parse(text):
        seen.append(text)
        return int(text) if text.isdigit() else None

    parsed = parse_each(pa.array(["1", "2", "1", "", "x", "2"]), parse)
    assert sorted(seen) == ["1", "2", "x"]
    assert parsed.empty.tolist() == [False, False, False, True, False, False]
    assert parsed.unreadable.tolist() == [False, False, False, False, True, False]
    assert parsed.take(np.array([0, 3, 4, 5]), -1, np.int64).tolist() == [1, -1, -1, 2]
    assert parsed.shown(np.array([4, 3])) == ["x", ""]
