"""ARCEP's observatory as counts, against the totals that the regulator published."""

from pathlib import Path

import pandas as pd
import pytest

from planner.errors import ContractError, DataFileError
from planner.io import (
    COMMUNE_COUNTS,
    EPCI_COUNTS,
    observatory_to_figures,
    read_observatory,
    read_observatory_epci,
)
from planner.schemas import contract

FOLDER = Path(__file__).parents[3].parent / "shared" / "data" / "arcep-observatoire-2018t1"
needs_data = pytest.mark.skipif(not FOLDER.exists(), reason="shared/data is not here")

COMMUNES = (
    "Code commune,Nom commune,Siren EPCI,Logements,Établissements,Zones très denses,"
    "Engagements L. 33-13,OI 2018 T1\n"
)
FTTH = (
    "Code commune,T4 2017 locaux raccordables,T1 2018 locaux raccordables,T1 2018 catégorie (%)\n"
)


def write(tmp_path, text, name):
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return path


@needs_data
def test_brittany_adds_up_to_the_published_totals():
    counts = read_observatory(
        FOLDER / "communes_bretagne.csv", FOLDER / "ftth_communes_bretagne.csv"
    )
    COMMUNE_COUNTS.check(counts)
    assert len(counts) == 1232
    assert counts["dwellings_count"].sum() == 1_859_807
    assert counts["businesses_count"].sum() == 90_052
    assert counts["premises_count"].sum() == 1_949_859
    assert counts["serviceable_count"].sum() == 391_239
    private = counts["regulatory_zone"] != "public"
    assert private.sum() == 137
    assert counts.loc[private, "premises_count"].sum() == 789_051
    by_departement = counts.groupby(counts["insee"].str[:2])["premises_count"].sum()
    assert by_departement.to_dict() == {"22": 374399, "29": 553420, "35": 551164, "56": 470876}
    assert counts.loc[counts["regulatory_zone"] == "ztd", "insee"].tolist() == ["35238"]
    assert counts["epci_siren"].isna().sum() == 3  # the islands
    assert counts["on"].unique().tolist() == [pd.Timestamp(2018, 3, 31)]


@needs_data
def test_an_earlier_quarter_and_one_that_is_not_there():
    counts = read_observatory(
        FOLDER / "communes_bretagne.csv", FOLDER / "ftth_communes_bretagne.csv", quarter="2017-T4"
    )
    assert counts["on"].unique().tolist() == [pd.Timestamp(2017, 12, 31)]
    assert counts["serviceable_count"].sum() < 391_239
    with pytest.raises(DataFileError, match="un de : 2017-T3, 2017-T4, 2018-T1"):
        read_observatory(
            FOLDER / "communes_bretagne.csv", FOLDER / "ftth_communes_bretagne.csv",
            quarter="2016-T1",
        )  # fmt: skip


@needs_data
def test_epci_keep_the_serviceable_premises_and_not_the_class():
    counts = read_observatory_epci(FOLDER / "epci_bretagne.csv", FOLDER / "ftth_epci_bretagne.csv")
    EPCI_COUNTS.check(counts)
    assert len(counts) == 60
    lorient = counts.set_index("siren").loc["200042174"]
    assert (lorient["premises_count"], lorient["serviceable_count"]) == (117_262, 33_307)


@needs_data
def test_figures_keep_their_contract_and_their_totals():
    counts = read_observatory(
        FOLDER / "communes_bretagne.csv", FOLDER / "ftth_communes_bretagne.csv"
    )
    before = counts.copy()
    figures = observatory_to_figures(counts, source="Arcep, T1 2018")
    contract("premises_figures").check(figures)
    assert figures["premises_count"].sum() == 1_949_859
    assert figures["level"].unique().tolist() == ["commune"]
    pd.testing.assert_frame_equal(counts, before)


def test_unknown_is_not_zero(tmp_path):
    communes = write(tmp_path, COMMUNES + "22001,A,,10,2,,,\n22002,B,,5,0,1,,\n", "c.csv")
    ftth = write(tmp_path, FTTH + "22001,1,3,5\n", "f.csv")
    counts = read_observatory(communes, ftth)
    assert counts["serviceable_count"].tolist() == [3, pd.NA]
    assert counts["regulatory_zone"].tolist() == ["public", "ztd"]
    alone = read_observatory(communes)
    assert alone["serviceable_count"].isna().all()
    assert alone["on"].unique().tolist() == [pd.Timestamp(2018, 3, 31)]  # from its own titles


def test_dash_is_absent_and_absent_dwellings_are_refused(tmp_path):
    communes = write(
        tmp_path, COMMUNES + "22001,A,-,10,2,,-,\n22002,B,,-,3,,,\n22003,C,,1 000,3,,,\n", "c.csv"
    )
    with pytest.raises(ContractError) as caught:
        read_observatory(communes)
    found = caught.value.violations
    assert list(zip(found["row"], found["column"], found["value"], strict=True)) == [
        (2, "dwellings_count", ""), (3, "dwellings_count", "1 000"),
    ]  # fmt: skip


def test_code_twice_and_counts_without_a_date(tmp_path):
    communes = write(tmp_path, COMMUNES.replace(",OI 2018 T1", "") + "22001,A,,10,2,,\n", "c.csv")
    ftth = write(tmp_path, FTTH + "22001,1,3,5\n22001,1,4,5\n", "f.csv")
    with pytest.raises(DataFileError, match="deux lignes pour le code 22001"):
        read_observatory(communes, ftth)
    counts = read_observatory(communes)
    assert counts["on"].isna().all()
    with pytest.raises(ContractError):
        observatory_to_figures(counts, source="x")
