"""Tables without geometry: converted by their contract, or one error."""

import geopandas as gpd
import pandas as pd
import pytest

from planner.errors import ContractError, DataFileError
from planner.io import read_table
from planner.schemas import contract

BALLOTS = "epci_siren;sector_id;wish;rank;source;synthetic\n"


def write(tmp_path, text, name="t.csv"):
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def test_ballots_by_hand(tmp_path):
    text = BALLOTS + (
        "243500741;b;ranked;2;délibération;non\n"
        "243500741;a;required;;délibération;0\n"
        "200043123;c;refused;;délibération;false\n"
    )
    intake = read_table(write(tmp_path, text.encode("cp1252")), "ballots")
    assert intake.table["sector_id"].tolist() == ["c", "a", "b"]
    assert intake.table["rank"].tolist() == [pd.NA, pd.NA, 2]
    assert intake.table["synthetic"].tolist() == [False, False, False]
    assert intake.table["source"].unique().tolist() == ["délibération"]
    contract("ballots").check(intake.table)
    assert (intake.rows_in, intake.origin.rows, intake.origin.layer) == (3, 3, "ballots")
    assert [f.rule for f in intake.findings] == ["io.encoding_found"]


@pytest.mark.parametrize("day", ["2017-12-13", "13/12/2017"])
def test_days_are_iso_or_french(tmp_path, day):
    text = f"epci_siren,state,on,source,synthetic\n243500741,voted,{day},x,false\n"
    frame = read_table(write(tmp_path, text), "deliberations").table
    assert frame["on"].tolist() == [pd.Timestamp(2017, 12, 13)]


def test_decimal_comma_and_absent_bound(tmp_path):
    text = (
        "density_class;density_min_per_km2;density_max_per_km2;cost_cents_per_premise;valid_from;"
        "source;synthetic\ndense;150,5;;80000;2018-01-01;x;true\n"
    )
    frame = read_table(write(tmp_path, text), "prices").table
    assert frame["density_min_per_km2"].tolist() == [150.5]
    assert frame["density_max_per_km2"].isna().all()


def test_every_offending_cell_comes_in_one_error_with_its_row_and_remedy(tmp_path):
    text = BALLOTS + (
        "24350074;a;ranked;1;x;false\n"
        "243500741;b;aimé;1;x;false\n"
        "243500741;c;ranked;3 000;x;false\n"
        "243500741;d;ranked;0;x;peut-être\n"
        "243500741;;ranked;1;x;false\n"
        "243500741;e;ranked;1\n"
        "243500741;f;ranked;1;x;false\n"
        "243500741;f;ranked;2;x;false\n"
    )
    with pytest.raises(ContractError) as caught:
        read_table(write(tmp_path, text), "ballots")
    found = caught.value.violations
    cells = list(zip(found["row"], found["column"], found["value"], strict=True))
    assert cells == [
        (1, "epci_siren", "24350074"),
        (2, "wish", "aimé"),
        (3, "rank", "3 000"),
        (4, "rank", "0"),
        (4, "synthetic", "peut-être"),
        (5, "sector_id", ""),
        (6, "", "243500741;e;ranked;1"),
        (7, "epci_siren", "243500741"),
        (8, "epci_siren", "243500741"),
    ]
    words = caught.value.say("en")
    assert "'t.csv' breaks the contract 'ballots': 9 offending cell(s)" in words
    assert "row 3, rank '3 000': not a whole number → digits alone" in words
    assert "row 6, — '243500741;e;ranked;1': too many or too few fields" in words
    assert "ligne 2, wish 'aimé' : valeur hors liste → une de : ranked, required, refused" in (
        caught.value.say()
    )


@pytest.mark.parametrize("rank", ["1 200", "1\u202f200", "1.5", "1e3", "\u0661", "1,0"])
def test_numbers_are_plain_digits(tmp_path, rank):
    text = f"{BALLOTS}243500741;a;ranked;{rank};x;false\n"
    with pytest.raises(ContractError, match="pas un nombre entier"):
        read_table(write(tmp_path, text), "ballots")


def test_missing_columns_are_listed_or_given_as_constants(tmp_path):
    path = write(tmp_path, "siren;sector_id;wish;place\n243500741;a;ranked;1\n")
    with pytest.raises(ContractError, match="absentes : epci_siren, rank, source, synthetic"):
        read_table(path, "ballots")
    frame = read_table(
        path, "ballots", columns={"epci_siren": "siren", "rank": "place"},
        constants={"source": "réunion", "synthetic": True},
    ).table  # fmt: skip
    assert frame.pop("sectors_sha256").isna().all()
    assert frame.to_dict("records") == [
        {"epci_siren": "243500741", "sector_id": "a", "wish": "ranked", "rank": 1,
         "points": None, "approved": None, "source": "réunion", "synthetic": True}
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("marks", "made_up"), [(("false", "false"), False), (("false", "true"), True)]
)
def test_a_file_with_made_up_rows_is_made_up(tmp_path, marks, made_up):
    """The manifest said that it wasn't, and its judge that it was."""
    rows = "".join(f"243500741;{k};ranked;1;x;{mark}\n" for k, mark in enumerate(marks))
    assert read_table(write(tmp_path, BALLOTS + rows), "ballots").origin.synthetic is made_up


def test_header_alone_is_an_empty_table(tmp_path):
    intake = read_table(write(tmp_path, BALLOTS), "ballots")
    assert intake.table.empty
    contract("ballots").check(intake.table)


def test_parquet_and_geopackage_keep_their_types(tmp_path):
    frame = pd.DataFrame(
        {
            "epci_siren": ["243500741", "200043123"],
            "unit": ["lines", "eur"],
            "amount": pd.array([1000, None], dtype="Int64"),
            "med_credit_cents": [None, 12.0],
            "source": ["x", "y"],
            "synthetic": [True, False],
        }
    )
    frame.to_parquet(tmp_path / "t.parquet")
    gpd.GeoDataFrame(frame, geometry=[None, None], crs=2154).to_file(tmp_path / "t.gpkg", layer="t")
    for name in ("t.parquet", "t.gpkg"):
        found = read_table(tmp_path / name, "envelopes").table
        assert found["amount"].tolist() == [pd.NA, 1000]
        assert found["med_credit_cents"].tolist() == [12, pd.NA]
        assert found["synthetic"].tolist() == [False, True]


def test_old_workbook_says_what_to_save(tmp_path):
    with pytest.raises(DataFileError, match="CSV UTF-8"):
        read_table(write(tmp_path, b"\xd0\xcf\x11\xe0", "t.xls"), "ballots")
