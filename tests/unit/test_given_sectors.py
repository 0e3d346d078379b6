"""Sectors given by the user: taken as they are, with what deserves a look."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from planner.errors import ContractError
from planner.io import read_sectors
from planner.schemas import contract
from planner.zoning import GivenRules, cut_sectors, join_zones, use_sectors

WEST, SOUTH, SIDE = 300_000.0, 6_800_000.0, 1_000.0
DINGE, GUIPEL = "243500733", "243500667"


def box(left, low, right, high):
    """Make a rectangle from kilometres."""
    return shapely.box(
        WEST + left * SIDE, SOUTH + low * SIDE, WEST + right * SIDE, SOUTH + high * SIDE
    )


@pytest.fixture
def communes():
    """Three communes in a row: two public ones of two EPCI, an island without EPCI, a private one."""
    shapes = [box(0, 0, 1, 1), box(1, 0, 2, 1), box(4, 0, 5, 1), box(2, 0, 3, 1)]
    return gpd.GeoDataFrame(
        {
            "insee": ["35094", "35128", "29155", "35238"],
            "nom": ["Dingé", "Guipel", "Ouessant", "Rennes"],
            "departement": ["35", "35", "29", "35"],
            "epci_siren": pd.array([DINGE, GUIPEL, None, "243500139"], dtype="str"),
            "population": [1_000] * 4,
            "regulatory_zone": ["public", "public", "public", "ztd"],
            "bourg_x_m": [s.centroid.x for s in shapes],
            "bourg_y_m": [s.centroid.y for s in shapes],
        },
        geometry=shapes,
        crs="EPSG:2154",
    )


@pytest.fixture
def premises():
    """12 premises in Dingé, 5 in Guipel, 3 on the island, 2 in Rennes: a row of points at 500 m."""
    spans = [
        ("35094", 0.02, 0.92, 12),
        ("35128", 1.1, 1.9, 5),
        ("29155", 4.2, 4.8, 3),
        ("35238", 2.4, 2.6, 2),
    ]
    return make_premises(spans)


def make_premises(spans):
    x = np.concatenate([np.linspace(a, b, n) for _, a, b, n in spans]) * SIDE + WEST
    insee = np.concatenate([[code] * n for code, _, _, n in spans])
    ids = [f"P{k:02d}" for k in range(len(x))]
    return pd.DataFrame(
        {
            "premise_id": ids, "building_id": ids, "insee": insee, "kind": "dwelling",
            "premises_min": 1, "premises_max": 1, "x_m": x, "y_m": SOUTH + 0.5 * SIDE,
        }
    )  # fmt: skip


def make_sectors(shapes, **columns):
    return gpd.GeoDataFrame(
        {"sector_id": list(shapes), **columns}, geometry=list(shapes.values()), crs="EPSG:2154"
    )


def found(cut, rule):
    return [f for f in cut.findings if f.rule == f"zoning.{rule}"]


def test_a_sector_across_two_epci_weighs_in_each(premises, communes):
    given = make_sectors(
        {"Z1": box(0, 0, 2, 1), "Z2": box(4, 0, 5, 1)}, nom=["Dingé/Guipel", "Île"]
    )
    cut = use_sectors(given, premises, communes)
    shares = cut.sector_shares.set_index(["sector_id", "epci_siren"])["premises_count"]
    assert shares.to_dict() == {("Z1", GUIPEL): 5, ("Z1", DINGE): 12, ("Z2", ""): 3}
    assert cut.sectors["nom"].tolist() == ["Dingé/Guipel", "Île"]
    assert cut.sectors["premises_count"].tolist() == [17, 3]
    contract("sectors").check(cut.sectors)
    contract("sector_shares").check(cut.sector_shares)


def test_missing_columns_are_derived_and_said(premises, communes):
    given = make_sectors({"Z1": box(0, 0, 2, 1), "Z2": box(4, 0, 5, 1)})
    cut = use_sectors(given, premises, communes)
    rows = cut.sectors.set_index("sector_id")
    assert rows.loc["Z1", ["nom", "insee", "departement", "epci_siren"]].tolist() == [
        "Z1",
        "35094",
        "35",
        DINGE,
    ]
    assert rows.loc["Z2", ["nom", "insee", "departement"]].tolist() == ["Z2", "29155", "29"]
    assert pd.isna(rows.loc["Z2", "epci_siren"])
    assert set(rows["area_kind"]) == {"rural"}
    assert not rows["synthetic"].any()
    derived = {f.place: f for f in found(cut, "sector_derived")}
    assert sorted(derived) == [
        "area_kind",
        "departement",
        "epci_siren",
        "insee",
        "nom",
        "synthetic",
        "zone_id",
    ]
    assert "le plus de locaux" in derived["insee"].message.say()
    assert "most premises" in derived["insee"].message.say("en")
    assert "fichier de secteurs" in derived["insee"].remedy.say()


@pytest.mark.parametrize("layer", ["as_drawn", "with_a_null_column"])
def test_a_file_of_identifiers_and_outlines_is_enough(tmp_path, premises, communes, layer):
    """What is read has a null column for each that the file lacks: it is derived as a missing one."""
    given = make_sectors({"Z1": box(0, 0, 2, 1), "Z2": box(4, 0, 5, 1)})
    if layer == "with_a_null_column":
        given["insee"] = pd.array([None, None], dtype="str")
    given.to_file(tmp_path / "secteurs.gpkg")
    read = use_sectors(read_sectors(tmp_path / "secteurs.gpkg").table, premises, communes)
    drawn = make_sectors({"Z1": box(0, 0, 2, 1), "Z2": box(4, 0, 5, 1)})
    derived = use_sectors(drawn, premises, communes)
    pd.testing.assert_frame_equal(read.sectors, derived.sectors)
    told, due = read.findings.table("fr"), derived.findings.table("fr")
    due = due[due["place"] != "zone_id"].reset_index(drop=True)  # null is what no zone is
    pd.testing.assert_frame_equal(told, due)


def test_where_nothing_is_given_nothing_is_derived(premises, communes):
    nothing = make_sectors({"Z1": box(0, 0, 2, 1)}, nom=["Z"]).iloc[:0]
    used = use_sectors(nothing, premises, communes)
    assert used.sectors.empty
    assert "nom" not in set(used.findings.table("fr")["place"])


def test_a_column_that_is_half_filled_is_refused(premises, communes):
    given = make_sectors(
        {"Z1": box(0, 0, 2, 1), "Z2": box(4, 0, 5, 1)}, insee=pd.array(["35094", None], dtype="str")
    )
    with pytest.raises(ContractError, match=r"insee \[Z2\]"):
        use_sectors(given, premises, communes)


def test_given_columns_are_kept(premises, communes):
    given = make_sectors(
        {"Z1": box(0, 0, 2, 1)},
        nom=["Nord"], insee=["35128"], departement=["35"], epci_siren=[GUIPEL],
        area_kind=["urban"], zone_id=["T1-VM-35236"], synthetic=[True], colour=["red"],
        premises_count=[99],
    )  # fmt: skip
    cut = use_sectors(given, premises, communes)
    row = cut.sectors.iloc[0]
    assert row[["nom", "insee", "epci_siren", "area_kind", "zone_id"]].tolist() == [
        "Nord", "35128", GUIPEL, "urban", "T1-VM-35236",
    ]  # fmt: skip
    assert row["synthetic"]
    assert row["premises_count"] == 17
    assert "colour" not in cut.sectors
    assert not found(cut, "sector_derived")
    assert [f.count for f in found(cut, "sector_recounted")] == [1]


def test_geometry_is_not_touched(premises, communes):
    given = make_sectors({"B": box(0, 0, 0.5, 1), "A": box(0.5, 0, 1, 1)})
    before = given.copy(deep=True)
    cut = use_sectors(given, premises, communes)
    pd.testing.assert_frame_equal(pd.DataFrame(given), pd.DataFrame(before))
    assert cut.sectors["sector_id"].tolist() == ["A", "B"]
    assert cut.sectors.geometry.to_wkb().tolist() == given.geometry.to_wkb().tolist()[::-1]


def test_overlaps_are_reported_and_the_smallest_id_wins(premises, communes):
    given = make_sectors({"A": box(0, 0, 0.6, 1), "B": box(0.4, 0, 1, 1), "C": box(1, 0, 2, 1)})
    cut = use_sectors(given, premises, communes)
    (overlap,) = found(cut, "sector_overlap")
    x = premises["x_m"].to_numpy() - WEST
    both = (x >= 400) & (x <= 600)
    assert overlap.place == "A + B"
    assert dict(overlap.values)["area"] == pytest.approx(0.2 * SIDE**2)
    assert overlap.count == both.sum() == 3
    assert set(cut.sector_of_premise[both]) == {"A"}
    assert cut.sectors["premises_count"].sum() == 17
    assert "200\u202f000 m²" in overlap.message.say()
    assert "GIS" in overlap.remedy.say("en")


def test_three_sectors_over_one_place_make_three_pairs(premises, communes):
    shape = box(0, 0, 1, 1)
    cut = use_sectors(make_sectors({"A": shape, "B": shape, "C": shape}), premises, communes)
    assert [(f.place, f.count) for f in found(cut, "sector_overlap")] == [
        ("A + B", 12), ("A + C", 12), ("B + C", 12),
    ]  # fmt: skip
    assert cut.sectors["premises_count"].tolist() == [12, 0, 0]
    assert cut.sector_shares["premises_count"].tolist() == [12, 0, 0]


def test_gaps_and_premises_left_out_are_counted(premises, communes):
    cut = use_sectors(
        make_sectors({"A": box(0, 0, 0.5, 1), "B": box(1, 0, 2, 1)}), premises, communes
    )
    gaps = {f.place: f for f in found(cut, "sector_gap")}
    assert sorted(gaps) == ["29155", "35094"]  # a private commune is no gap
    x = premises["x_m"].to_numpy() - WEST
    assert gaps["35094"].count == ((x > 500) & (x < 1_000)).sum() == 6
    assert dict(gaps["35094"].values)["area"] == pytest.approx(0.5 * SIDE**2)
    assert gaps["29155"].count == 3
    assert [f.count for f in found(cut, "sector_outside")] == [9]
    assert pd.isna(cut.sector_of_premise).sum() == 9 + 2
    assert "Dingé" in gaps["35094"].message.say()


def test_small_gaps_are_noise_by_rule(premises, communes):
    given = make_sectors({"A": box(0, 0, 0.9999, 1), "B": box(1, 0, 2, 1), "C": box(4, 0, 5, 1)})
    assert [f.place for f in found(use_sectors(given, premises, communes), "sector_gap")] == [
        "35094"
    ]
    wide = GivenRules(gap_m2=1_000.0)
    assert not found(use_sectors(given, premises, communes, rules=wide), "sector_gap")


def test_many_communes_without_any_sector_are_told_once():
    many = 8
    shapes = [box(k, 0, k + 1, 1) for k in range(many)]
    communes = gpd.GeoDataFrame(
        {
            "insee": [f"35{k:03d}" for k in range(many)],
            "nom": [f"Bourg {k}" for k in range(many)],
            "departement": "35",
            "epci_siren": pd.array([DINGE] * many, dtype="str"),
            "population": 1_000,
            "regulatory_zone": "public",
            "bourg_x_m": [s.centroid.x for s in shapes],
            "bourg_y_m": [s.centroid.y for s in shapes],
        },
        geometry=shapes,
        crs="EPSG:2154",
    )
    premises = make_premises([(f"35{k:03d}", k + 0.2, k + 0.8, k + 1) for k in range(many)])
    # one commune is whole, one has half, six have nothing
    cut = use_sectors(make_sectors({"A": box(0, 0, 1.5, 1)}), premises, communes)
    assert [f.place for f in found(cut, "sector_gap")] == ["35001"]
    (bare,) = found(cut, "communes_bare")
    assert bare.count == 3 + 4 + 5 + 6 + 7 + 8
    assert dict(bare.values)["communes"] == 6
    assert bare.place == ", ".join(f"Bourg {k} (35{k:03d})" for k in range(2, 7))
    # as few as are easily read are told one by one
    near = use_sectors(make_sectors({"A": box(0, 0, 2.5, 1)}), premises, communes)
    assert [f.place for f in found(near, "sector_gap")] == [f"35{k:03d}" for k in range(2, 8)]
    assert not found(near, "communes_bare")


def test_private_premises_in_sectors_are_reported(premises, communes):
    cut = use_sectors(
        make_sectors({"A": box(0, 0, 3, 1), "I": box(4, 0, 5, 1)}), premises, communes
    )
    assert [f.count for f in found(cut, "sector_private")] == [2]
    assert cut.sectors["premises_count"].tolist() == [19, 3]


def test_a_sector_without_premises_gets_the_commune_of_most_area(premises, communes):
    given = make_sectors({"A": box(0, 0, 2, 1), "Z": box(0.7, 0.9, 1.1, 1), "SEA": box(8, 8, 9, 9)})
    with pytest.raises(ContractError) as caught:  # nothing says where a sector at sea belongs
        use_sectors(given, premises, communes)
    assert "insee" in caught.value.say()
    cut = use_sectors(given.iloc[:2], premises, communes)
    row = cut.sectors.set_index("sector_id").loc["Z"]
    assert row["insee"] == "35094"
    assert row["epci_siren"] == DINGE
    assert row["premises_count"] == 0


def test_ties_go_to_the_smallest_code(communes):
    rows = pd.DataFrame(
        {
            "premise_id": ["a", "b"], "building_id": ["a", "b"], "insee": ["35128", "35094"],
            "kind": "dwelling", "premises_min": [4, 4], "premises_max": [4, 4],
            "x_m": [WEST + 1_500, WEST + 500], "y_m": [SOUTH + 500] * 2,
        }
    )  # fmt: skip
    cut = use_sectors(make_sectors({"A": box(0, 0, 2, 1)}), rows, communes)
    assert cut.sectors.iloc[0]["insee"] == "35094"
    assert cut.sectors.iloc[0]["epci_siren"] == GUIPEL  # 243500667 < 243500733


@pytest.mark.parametrize("break_it", ["no id", "same id", "bow tie", "degrees", "no shape"])
def test_what_cannot_be_a_sector_is_refused(premises, communes, break_it):
    given = make_sectors({"A": box(0, 0, 1, 1), "B": box(1, 0, 2, 1)})
    said = {"no id": "sector_id", "same id": "clé en double", "bow tie": "géométrie invalide",
            "degrees": "EPSG:2154", "no shape": "géométrie absente"}[break_it]  # fmt: skip
    if break_it == "no id":
        given = given.drop(columns="sector_id")
    elif break_it == "same id":
        given["sector_id"] = "A"
    elif break_it == "bow tie":
        given.loc[0, "geometry"] = shapely.Polygon([(0, 0), (1, 1), (1, 0), (0, 1)])
    elif break_it == "degrees":
        given = given.to_crs("EPSG:4326")
    else:
        given.loc[0, "geometry"] = None
    with pytest.raises(ContractError) as caught:
        use_sectors(given, premises, communes)
    assert said in caught.value.say()
    assert "→" in caught.value.say()


def test_no_sector_at_all(premises, communes):
    given = make_sectors({"A": box(0, 0, 1, 1)}).iloc[:0]
    cut = use_sectors(given, premises, communes)
    contract("sectors").check(cut.sectors)
    assert [f.count for f in found(cut, "sector_outside")] == [20]
    assert len(found(cut, "sector_gap")) == 3


def test_permuted_rows_give_the_same_answer(premises, communes):
    given = make_sectors({"A": box(0, 0, 0.6, 1), "B": box(0.4, 0, 1.5, 1), "C": box(1.5, 0, 2, 1)})
    cut = use_sectors(given, premises, communes)
    order = np.random.default_rng(2).permutation(len(premises))
    again = use_sectors(given.iloc[::-1], premises.iloc[order], communes.iloc[::-1])
    pd.testing.assert_frame_equal(pd.DataFrame(again.sectors), pd.DataFrame(cut.sectors))
    pd.testing.assert_frame_equal(again.sector_shares, cut.sector_shares)
    assert (again.sector_of_premise.codes == cut.sector_of_premise.codes[order]).all()
    assert again.findings == cut.findings


def test_cut_sectors_given_back_are_the_same(premises, communes):
    cut = cut_sectors(premises, communes)
    again = use_sectors(cut.sectors, premises, communes)
    pd.testing.assert_frame_equal(pd.DataFrame(again.sectors), pd.DataFrame(cut.sectors))
    pd.testing.assert_frame_equal(again.sector_shares, cut.sector_shares)
    assert not found(again, "sector_overlap")
    assert not found(again, "sector_gap")


def test_a_zone_of_sectors_that_overlap_has_a_valid_outline(toy):
    sectors = toy.sectors[toy.sectors["insee"] == "22001"]
    west, east = sectors.geometry
    wide = sectors.set_geometry(
        gpd.GeoSeries([west, west.union(east)], index=sectors.index, crs=2154)
    )
    [zone] = join_zones(wide).zones.geometry
    assert zone.is_valid
    assert zone.equals(west.union(east))
