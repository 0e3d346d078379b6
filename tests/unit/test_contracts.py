"""Contracts: every offending cell at once, nothing repaired, the same object for all uses."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from planner.errors import ContractError
from planner.schemas import CONTRACTS, contract
from planner.toy import toy_territory

ZONES = {
    "zone_id": ["a", "b"], "nom": ["A", "B"], "kind": ["rural", "rural"], "phase": ["1", "1"],
    "tranche": [1, 1], "ville_moyenne_insee": [None, None], "sectors_count": [1, 1],
    "premises_count": [3, 4], "synthetic": [True, True],
}  # fmt: skip
SQUARES = [shapely.box(0, 0, 1, 1), shapely.box(1, 0, 2, 1)]


def zones(geometry=SQUARES, crs="EPSG:2154", **columns):
    return gpd.GeoDataFrame(pd.DataFrame(ZONES | columns), geometry=geometry, crs=crs)


def rules(frame, name="zones"):
    found = contract(name).violations(frame)
    return {(cell.column, cell.key, cell.rule.key) for cell in found.itertuples()}


@pytest.mark.parametrize("name", CONTRACTS)
def test_the_empty_table_keeps_its_contract(name):
    contract(name).check(contract(name).empty())


@pytest.mark.parametrize("name", CONTRACTS)
def test_every_table_is_described_in_both_languages(name):
    table = contract(name)
    for lang in ("fr", "en"):
        assert table.titled(lang)
        assert table.described(lang)
        assert all(column.titled(lang) and column.described(lang) for column in table.columns)
    assert set(table.fiona_schema()["properties"]) == set(table.column_names)


@pytest.mark.parametrize("name", ["communes", "epci", "premises", "state_changes", "sectors",
                                  "sector_shares", "zones", "envelopes", "ballots",
                                  "deliberations", "prices", "villes_moyennes"])  # fmt: skip
def test_the_toy_territory_keeps_its_contracts(name):
    contract(name).check(getattr(toy_territory(), name))


def test_all_offending_cells_are_reported_together():
    frame = zones(
        geometry=[shapely.Polygon([(0, 0), (1, 1), (1, 0), (0, 1)]), shapely.Point(0, 0)],
        kind=["rural", "urbaine"], premises_count=[-1, 4], zone_id=["a", "a"],
        ville_moyenne_insee=["1143", None],
    )  # fmt: skip
    assert rules(frame) == {
        ("kind", "a", "contract.not_allowed"),
        ("premises_count", "a", "contract.too_small"),
        ("zone_id", "a", "contract.duplicate_key"),
        ("ville_moyenne_insee", "a", "contract.pattern"),
        ("geometry", "a", "contract.geometry_invalid"),
        ("geometry", "a", "contract.geometry_kind"),
    }
    with pytest.raises(ContractError) as caught:
        contract("zones").check(frame)
    assert len(caught.value.violations) == 7
    assert "urbaine" in str(caught.value)
    assert "ville_moyenne, rural" in str(caught.value)


def test_a_wrong_crs_says_how_to_mend_it():
    with pytest.raises(ContractError, match="reprojetez en EPSG:2154"):
        contract("zones").check(zones(crs="EPSG:4326"))
    assert ("geometry", "", "contract.no_crs") in rules(zones(crs=None))


def test_missing_columns_and_wrong_types_are_whole_columns():
    frame = zones(tranche=["un", "deux"]).drop(columns="nom")
    assert rules(frame) == {
        ("nom", "", "contract.missing_column"),
        ("tranche", "", "contract.wrong_type"),
    }


def test_codes_read_as_numbers_are_refused():
    frame = pd.DataFrame({"sector_id": ["s"], "epci_siren": [243500741], "premises_count": [1]})
    assert rules(frame, "sector_shares") == {("epci_siren", "", "contract.wrong_type")}


def test_infinite_numbers_are_refused():
    frame = toy_territory().premises.assign(x_m=np.inf)
    assert {rule for _, _, rule in rules(frame, "premises")} == {"contract.not_finite"}


def test_checking_changes_nothing():
    frame = zones(premises_count=[-1, 4])
    before = frame.copy(deep=True)
    with pytest.raises(ContractError):
        contract("zones").check(frame)
    pd.testing.assert_frame_equal(frame, before)


@given(st.permutations(range(8)))
def test_select_gives_one_order(order):
    sectors = toy_territory().sectors
    mixed = contract("sectors").select(sectors.iloc[list(order)])
    pd.testing.assert_frame_equal(mixed, contract("sectors").select(sectors))


def test_long_errors_are_cut_but_kept_whole_in_the_exception():
    frame = toy_territory().premises.assign(insee="1143")
    with pytest.raises(ContractError) as caught:
        contract("premises").check(frame)
    assert "… et 20 autre(s)" in str(caught.value)
    assert len(caught.value.violations) == 40


@pytest.mark.parametrize(("lang", "yes", "voted"), [("fr", "oui", "Votée"), ("en", "yes", "Voted")])
def test_a_frame_is_shown_in_words_and_left_as_it_was(lang, yes, voted):
    frame = pd.DataFrame({"siren": ["200000002"], "member": [True], "nature": ["CC"], "x": [1]})
    held = frame.copy()
    shown = contract("epci").shown(frame, lang)
    titles = [contract("epci").column(name).titled(lang) for name in ("siren", "member", "nature")]
    assert shown.columns.tolist() == [*titles, "x"]
    assert shown["x"].tolist() == [1]
    assert shown[titles[1]].tolist() == [yes]
    assert frame.equals(held)
    owed = pd.DataFrame({"net_cents": [44_550], "deliberation": ["voted"]})
    said = contract("balances").shown(owed, lang)
    assert said.iloc[0].tolist() == [445.5, voted]
    assert said.columns[0].endswith("(€)")
    assert len(contract("balances").shown(contract("balances").empty(), lang)) == 0
