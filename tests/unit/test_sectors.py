"""Sectors cut from premises: hand territories first, the embedded region last."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from planner.errors import MissingLayerError, RuleError
from planner.schemas import contract
from planner.zoning import CutRules, assign_sectors, cut_sectors

WEST, SOUTH, SIDE = 300_000.0, 6_800_000.0, 4_000.0
EPCI_A, EPCI_B = "200000001", "200000002"
GEODATA = Path(__file__).parents[2] / "geodata" / "bretagne"


def square(column, row, side=SIDE):
    return shapely.box(
        WEST + column * side,
        SOUTH + row * side,
        WEST + (column + 1) * side,
        SOUTH + (row + 1) * side,
    )


def make_communes(*rows):
    """Rows of (insee, nom, epci, zone, geometry); the bourg is the centre of the largest part."""
    shapes = [row[4] for row in rows]
    centre = [max(shapely.get_parts(s), key=shapely.area).centroid for s in shapes]
    return gpd.GeoDataFrame(
        {
            "insee": [row[0] for row in rows],
            "nom": [row[1] for row in rows],
            "departement": [row[0][:2] for row in rows],
            "epci_siren": pd.array([row[2] for row in rows], dtype="str"),
            "population": [1_000] * len(rows),
            "regulatory_zone": [row[3] for row in rows],
            "bourg_x_m": [c.x for c in centre],
            "bourg_y_m": [c.y for c in centre],
        },
        geometry=shapes,
        crs="EPSG:2154",
    )


def make_premises(x, y, insee, weight=1):
    count = len(x)
    held = np.broadcast_to(np.asarray(weight, dtype=np.int64), count).copy()
    ids = [f"P{k:05d}" for k in range(count)]
    return pd.DataFrame(
        {
            "premise_id": ids, "building_id": ids, "insee": pd.Categorical(insee), "kind": "dwelling",
            "premises_min": held, "premises_max": held,
            "x_m": np.asarray(x, dtype=float), "y_m": np.asarray(y, dtype=float),
        }
    )  # fmt: skip


def scatter(communes, counts, seed=7):
    """Spread premises over communes, half of them near the bourg."""
    rng = np.random.default_rng(seed)
    xs, ys, codes = [], [], []
    for commune, count in zip(communes.itertuples(), counts, strict=True):
        left, low, right, high = commune.geometry.bounds
        got = np.empty((0, 2))
        while len(got) < count:
            near = np.array([commune.bourg_x_m, commune.bourg_y_m]) + rng.normal(0, 300, (count, 2))
            far = np.c_[rng.uniform(left, right, count), rng.uniform(low, high, count)]
            tried = np.round(np.where(rng.random((count, 1)) < 0.5, near, far), 1)
            got = np.r_[got, tried[shapely.contains_xy(commune.geometry, tried[:, 0], tried[:, 1])]]
        xs.append(got[:count, 0])
        ys.append(got[:count, 1])
        codes += [commune.insee] * count
    return make_premises(np.concatenate(xs), np.concatenate(ys), codes)


@pytest.fixture(scope="module")
def four():
    """Four communes, two EPCI, from 40 to 2 000 premises; the eastern one is private."""
    communes = make_communes(
        ("22001", "Alba", EPCI_A, "public", square(0, 0)),
        ("22002", "Bosc", EPCI_A, "public", square(0, 1)),
        ("35003", "Croaz", EPCI_B, "public", square(1, 0)),
        ("35004", "Dour", EPCI_B, "l33_13", square(1, 1)),
    )
    return communes, scatter(communes, [40, 2_000, 700, 300])


@pytest.fixture(scope="module")
def four_cut(four):
    return cut_sectors(four[1], four[0])


def lowest_touched(premises, sectors):
    """Place premises the slow way: every sector asked of every premise."""
    ordered = sectors.sort_values("sector_id")
    placed = np.full(len(premises), None, dtype=object)
    for sector_id, shape in list(zip(ordered["sector_id"], ordered.geometry, strict=True))[::-1]:
        placed[shapely.intersects_xy(shape, premises["x_m"], premises["y_m"])] = sector_id
    return placed


def rules_of(cut):
    return [finding.rule for finding in cut.findings]


def test_tables_keep_their_contracts(four_cut):
    contract("sectors").check(four_cut.sectors)
    contract("sector_shares").check(four_cut.sector_shares)
    assert four_cut.sectors["sector_id"].is_monotonic_increasing
    assert four_cut.sectors["zone_id"].isna().all()
    assert set(four_cut.sectors["area_kind"]) == {"rural"}
    assert four_cut.sectors["synthetic"].all()


def test_sectors_are_a_coverage_of_the_public_area(four, four_cut):
    shapes = four_cut.sectors.geometry.to_numpy()
    public = shapely.union_all(four[0].geometry[four[0]["regulatory_zone"] == "public"].to_numpy())
    assert shapely.coverage_is_valid(shapes)
    assert shapely.area(shapes).sum() == pytest.approx(3 * SIDE**2, abs=1e-3)
    assert shapely.area(shapely.symmetric_difference(shapely.union_all(shapes), public)) < 1e-3
    assert set(shapely.get_type_id(shapes)) == {3}


def test_premises_are_counted_in_their_sector(four, four_cut):
    _, premises = four
    label = four_cut.sector_of_premise
    assert label.categories.tolist() == four_cut.sectors["sector_id"].tolist()
    expected = lowest_touched(premises, four_cut.sectors)
    assert [None if pd.isna(v) else v for v in label] == expected.tolist()
    assert four_cut.sectors["premises_count"].sum() == 2_740
    private = premises["insee"].astype(str) == "35004"
    assert pd.isna(label[private.to_numpy()]).all()
    assert four_cut.sectors["premises_count"].between(300, 1_000).all()


def test_number_of_sectors_follows_the_target(four_cut):
    # 2 040 premises of the first EPCI make round(2 040 / 464) = 4 sectors, 700 make 2
    assert four_cut.sectors["epci_siren"].value_counts().to_dict() == {EPCI_A: 4, EPCI_B: 2}


def test_no_sector_leaves_its_epci(four, four_cut):
    for epci in (EPCI_A, EPCI_B):
        area = shapely.union_all(four[0].geometry[four[0]["epci_siren"] == epci].to_numpy())
        mine = four_cut.sectors[four_cut.sectors["epci_siren"] == epci].geometry.to_numpy()
        assert shapely.area(shapely.difference(mine, area)).max() < 1e-3
    assert not four_cut.sector_shares["sector_id"].duplicated().any()
    shares = four_cut.sector_shares.merge(four_cut.sectors, on=["sector_id", "epci_siren"])
    assert (shares["premises_count_x"] == shares["premises_count_y"]).all()
    assert len(shares) == len(four_cut.sectors)


def test_small_commune_goes_whole_to_its_neighbour(four, four_cut):
    alba = four[1]["insee"].astype(str).to_numpy() == "22001"
    host = set(four_cut.sector_of_premise[alba])
    assert len(host) == 1
    row = four_cut.sectors.set_index("sector_id").loc[host.pop()]
    assert row["nom"] == "Bosc / Alba"
    assert row["insee"] == "22002"


def test_permuted_rows_give_the_same_bytes(four, four_cut):
    communes, premises = four
    order = np.random.default_rng(3).permutation(len(premises))
    again = cut_sectors(premises.iloc[order], communes.iloc[::-1])
    pd.testing.assert_frame_equal(
        pd.DataFrame(again.sectors.drop(columns="geometry")),
        pd.DataFrame(four_cut.sectors.drop(columns="geometry")),
    )
    assert again.sectors.geometry.to_wkb().tolist() == four_cut.sectors.geometry.to_wkb().tolist()
    pd.testing.assert_frame_equal(again.sector_shares, four_cut.sector_shares)
    assert (again.sector_of_premise.codes == four_cut.sector_of_premise.codes[order]).all()
    assert again.findings == four_cut.findings


def test_inputs_are_untouched(four):
    communes, premises = four
    before = communes.copy(deep=True), premises.copy(deep=True)
    cut_sectors(premises, communes)
    pd.testing.assert_frame_equal(pd.DataFrame(before[0]), pd.DataFrame(communes))
    pd.testing.assert_frame_equal(before[1], premises)


def test_coverage_survives_files_and_simplification(four_cut, tmp_path):
    path = tmp_path / "sectors.gpkg"
    four_cut.sectors.to_file(path, layer="sectors", engine="pyogrio")
    back = gpd.read_file(path, layer="sectors", engine="pyogrio")
    shapes = back.geometry.to_numpy()
    assert shapely.coverage_is_valid(shapes)
    assert shapely.coverage_is_valid(back.to_crs("EPSG:4326").geometry.to_numpy())
    simple = shapely.coverage_simplify(shapes, 25.0)
    assert shapely.coverage_is_valid(simple)
    assert (shapely.area(simple) > 0).all()


def test_one_ordinary_commune_is_one_sector():
    communes = make_communes(("22001", "Alba", EPCI_A, "public", square(0, 0)))
    cut = cut_sectors(scatter(communes, [500]), communes, synthetic=False)
    assert cut.sectors.iloc[0].drop("geometry").to_dict() | {"zone_id": None} == {
        "sector_id": "22001-01", "nom": "Alba", "insee": "22001", "departement": "22",
        "epci_siren": EPCI_A, "area_kind": "rural", "premises_count": 500, "zone_id": None,
        "synthetic": False,
    }  # fmt: skip
    assert cut.sectors.geometry.iloc[0].equals(square(0, 0))
    assert len(cut.findings) == 0
    assert cut.summary("en") == "1 sectors, 500 premises, 0 finding(s)"


def test_two_villages_are_told_apart_by_their_side():
    communes = make_communes(("22001", "Alba", EPCI_A, "public", square(0, 0)))
    rng = np.random.default_rng(1)
    x = WEST + 2_000 + rng.normal(0, 120, 800)
    y = SOUTH + np.repeat([700, 3_300], 400) + rng.normal(0, 120, 800)
    cut = cut_sectors(make_premises(x, y, ["22001"] * 800), communes)
    assert sorted(cut.sectors["nom"]) == ["Alba nord", "Alba sud"]
    assert cut.sectors["premises_count"].tolist() == [400, 400]
    north = cut.sectors.set_index("nom").loc["Alba nord"]
    village = np.flatnonzero(y > SOUTH + 2_000)
    assert set(cut.sector_of_premise[village]) == {north["sector_id"]}


def test_sectors_are_numbered_from_the_bourg():
    communes = make_communes(("22001", "Alba", EPCI_A, "public", square(0, 0)))
    cut = cut_sectors(scatter(communes, [2_784]), communes)
    table = cut.sectors
    assert table["sector_id"].tolist() == [f"22001-{k:02d}" for k in range(1, 7)]
    assert table["nom"].is_unique
    assert table["nom"].str.match(r"Alba (centre|nord|sud|est|ouest|(nord|sud)-(est|ouest))").all()
    bourg = shapely.Point(WEST + 2_000, SOUTH + 2_000)
    assert table.geometry.iloc[0].intersects(bourg)


def test_neighbours_of_two_epci_are_not_joined():
    communes = make_communes(
        ("22001", "Alba", EPCI_A, "public", square(0, 0)),
        ("22002", "Bosc", EPCI_B, "public", square(0, 1)),
        ("22003", "Croaz", None, "public", square(0, 2)),
        ("22004", "Dour", None, "public", square(0, 3)),
    )
    cut = cut_sectors(scatter(communes, [200, 250, 220, 230]), communes)
    assert cut.sectors["nom"].tolist() == ["Alba", "Bosc", "Croaz", "Dour"]
    assert cut.sectors["epci_siren"].isna().tolist() == [False, False, True, True]
    assert cut.sector_shares["epci_siren"].tolist() == [EPCI_A, EPCI_B, "", ""]
    assert rules_of(cut) == ["zoning.sector_small"] * 4
    finding = next(iter(cut.findings))
    assert finding.place == "22001-01"
    assert finding.count == 200
    assert "moins de 300" in finding.message.say()
    assert "isolated" in finding.remedy.say("en")


def test_small_neighbours_make_one_sector():
    communes = make_communes(
        ("22001", "Alba", EPCI_A, "public", square(0, 0)),
        ("22002", "Bosc", EPCI_A, "public", square(0, 1)),
    )
    cut = cut_sectors(scatter(communes, [250, 200]), communes)
    assert cut.sectors["nom"].tolist() == ["Alba / Bosc"]
    assert cut.sectors["sector_id"].tolist() == ["22001-01"]
    assert len(cut.findings) == 0


def islet(column, row, side=200.0):
    left, low = WEST + column * SIDE, SOUTH + row * SIDE
    return shapely.box(left, low, left + side, low + side)


def test_empty_islets_join_the_nearest_sector_of_their_commune():
    shape = shapely.MultiPolygon([square(0, 0), islet(1.2, 0.1), islet(1.4, 0.1)])
    communes = make_communes(("22001", "Alba", EPCI_A, "public", shape))
    rng = np.random.default_rng(5)
    x = WEST + np.repeat([600.0, 3_400.0], 400) + rng.normal(0, 100, 800)
    y = SOUTH + 2_000 + rng.normal(0, 100, 800)
    cut = cut_sectors(make_premises(x, y, ["22001"] * 800), communes)
    by_name = cut.sectors.set_index("nom")
    assert by_name.loc["Alba ouest"].geometry.geom_type == "Polygon"
    assert len(by_name.loc["Alba est"].geometry.geoms) == 3
    assert rules_of(cut) == ["zoning.sector_islets"]
    assert shapely.area(cut.sectors.geometry.to_numpy()).sum() == pytest.approx(shape.area)


@pytest.mark.parametrize(("bound", "sectors"), [(1, 2), (6, 1)])
def test_inhabited_islets_stay_apart_unless_the_rules_say_otherwise(bound, sectors):
    shape = shapely.MultiPolygon([square(0, 0), islet(1.2, 0.1)])
    communes = make_communes(("22001", "Alba", EPCI_A, "public", shape))
    main = scatter(make_communes(("22001", "Alba", EPCI_A, "public", square(0, 0))), [500])
    x = np.r_[main["x_m"], WEST + 1.2 * SIDE + np.arange(5) * 10 + 50]
    y = np.r_[main["y_m"], np.full(5, SOUTH + 0.1 * SIDE + 100)]
    cut = cut_sectors(
        make_premises(x, y, ["22001"] * 505), communes, rules=CutRules(islet_premises=bound)
    )
    assert len(cut.sectors) == sectors
    assert cut.sectors["premises_count"].sum() == 505
    assert rules_of(cut) == ["zoning.sector_small" if sectors == 2 else "zoning.sector_islets"]


def test_a_fragment_across_another_commune_joins_it_by_land():
    # the second commune reaches beyond the first one: its far part has 30 premises
    far, near = square(0, 2), square(0, 0)
    communes = make_communes(
        ("22001", "Alba", EPCI_A, "public", square(0, 1)),
        ("22002", "Bosc", EPCI_A, "public", shapely.MultiPolygon([near, far])),
    )
    parts = make_communes(
        ("22001", "Alba", EPCI_A, "public", square(0, 1)),
        ("22002", "Bosc", EPCI_A, "public", near),
        ("22002", "Bosc", EPCI_A, "public", far),
    )
    cut = cut_sectors(scatter(parts, [400, 450, 30]), communes)
    assert cut.sectors["premises_count"].tolist() == [430, 450]
    assert set(shapely.get_type_id(cut.sectors.geometry.to_numpy())) == {3}


def test_a_building_is_never_cut():
    communes = make_communes(("22001", "Alba", EPCI_A, "public", square(0, 0)))
    around = scatter(communes, [900])
    x = np.r_[around["x_m"], np.full(3, WEST + 1_000)]
    y = np.r_[around["y_m"], np.full(3, SOUTH + 1_000)]
    weight = np.r_[np.ones(900, dtype=int), [500, 500, 500]]
    cut = cut_sectors(make_premises(x, y, ["22001"] * 903, weight), communes)
    tower = set(cut.sector_of_premise[-3:])
    assert len(tower) == 1
    held = cut.sectors.set_index("sector_id")["premises_count"]
    assert held.sum() == 2_400
    assert held[tower.pop()] >= 1_500
    assert (held > 1_000).sum() == 1
    assert "zoning.sector_large" in rules_of(cut)


def test_rows_count_their_lower_bound():
    communes = make_communes(("22001", "Alba", EPCI_A, "public", square(0, 0)))
    rows = scatter(communes, [90])
    rows = rows.assign(premises_min=np.tile([2, 12, 0], 30), premises_max=pd.NA)
    cut = cut_sectors(rows, communes)
    assert cut.sectors["premises_count"].tolist() == [420]


def test_a_premise_on_a_border_goes_to_the_smallest_id():
    communes = make_communes(
        ("22001", "Alba", EPCI_A, "public", square(0, 0)),
        ("22002", "Bosc", EPCI_B, "public", square(1, 0)),
    )
    rows = scatter(communes, [400, 400])
    border = make_premises([WEST + SIDE] * 3, SOUTH + np.array([0.0, 10.5, SIDE]), ["22002"] * 3)
    cut = cut_sectors(pd.concat([rows, border], ignore_index=True), communes)
    assert list(cut.sector_of_premise[-3:]) == ["22001-01"] * 3
    # they lie in one EPCI's sector and belong to the other's commune, which pays for them
    assert rules_of(cut) == ["zoning.sector_foreign"]
    shares = cut.sector_shares.set_index(["sector_id", "epci_siren"])["premises_count"]
    assert shares.to_dict() == {
        ("22001-01", EPCI_A): 400, ("22001-01", EPCI_B): 3, ("22002-01", EPCI_B): 400,
    }  # fmt: skip


def test_premises_at_sea_are_counted_outside():
    communes = make_communes(("22001", "Alba", EPCI_A, "public", square(0, 0)))
    rows = pd.concat(
        [scatter(communes, [400]), make_premises([WEST - 50.0], [SOUTH], ["22001"])],
        ignore_index=True,
    )
    cut = cut_sectors(rows, communes)
    assert pd.isna(cut.sector_of_premise[-1])
    assert [(f.rule, f.count) for f in cut.findings] == [("zoning.sector_outside", 1)]


def test_unknown_commune_is_told_by_position():
    communes = make_communes(("22001", "Alba", EPCI_A, "public", square(0, 0)))
    rows = scatter(communes, [400])
    rows["insee"] = ["22999"] * 10 + ["22001"] * 390
    cut = cut_sectors(rows, communes)
    assert cut.sector_shares["premises_count"].tolist() == [400]
    assert [(f.rule, f.count) for f in cut.findings] == [("zoning.sector_unknown_commune", 10)]


def test_premises_on_a_lattice_and_on_one_spot():
    communes = make_communes(("22001", "Alba", EPCI_A, "public", square(0, 0)))
    grid = np.arange(100, SIDE, 100)
    x, y = (v.ravel() for v in np.meshgrid(WEST + grid, SOUTH + grid))
    cut = cut_sectors(make_premises(x, y, ["22001"] * len(x)), communes)
    assert shapely.coverage_is_valid(cut.sectors.geometry.to_numpy())
    assert cut.sectors["premises_count"].sum() == 39 * 39
    assert cut.sectors["premises_count"].between(300, 1_000).all()
    spot = cut_sectors(
        make_premises([WEST + 5] * 700, [SOUTH + 5] * 700, ["22001"] * 700), communes
    )
    assert spot.sectors["premises_count"].tolist() == [700]


def test_nothing_public_gives_no_sector():
    communes = make_communes(("22001", "Alba", EPCI_A, "ztd", square(0, 0)))
    cut = cut_sectors(scatter(communes, [10]), communes)
    contract("sectors").check(cut.sectors)
    assert len(cut.sectors) == 0
    assert pd.isna(cut.sector_of_premise).all()
    assert len(cut.findings) == 0


def test_public_commune_without_premises_is_covered():
    communes = make_communes(
        ("22001", "Alba", EPCI_A, "public", square(0, 0)),
        ("22002", "Bosc", EPCI_A, "public", square(0, 1)),
        ("22003", "Croaz", EPCI_B, "public", square(1, 1)),
    )
    cut = cut_sectors(scatter(communes, [400, 0, 0]), communes)
    assert cut.sectors["premises_count"].tolist() == [400, 0]
    assert cut.sectors["nom"].tolist() == ["Alba", "Croaz"]
    assert cut.sector_shares["premises_count"].tolist() == [400, 0]
    assert shapely.area(cut.sectors.geometry.to_numpy()).sum() == pytest.approx(3 * SIDE**2)


def test_cutting_nothing_says_what_to_do(four):
    with pytest.raises(MissingLayerError) as caught:
        cut_sectors(four[1].iloc[:0], four[0])
    assert "read_premises" in caught.value.say()


def test_communes_that_overlap_are_named():
    communes = make_communes(
        ("22001", "Alba", EPCI_A, "public", square(0, 0)),
        (
            "22002",
            "Bosc",
            EPCI_A,
            "public",
            shapely.box(WEST + 3_990, SOUTH, WEST + 8_000, SOUTH + SIDE),
        ),
    )
    with pytest.raises(RuleError) as caught:
        cut_sectors(make_premises([WEST + 1], [SOUTH + 1], ["22001"]), communes)
    assert "22001, 22002" in caught.value.say()
    assert "coverage_clean" in caught.value.say("en")


@pytest.mark.parametrize("bounds", [(0, 464, 1000), (500, 464, 1000), (300, 1200, 1000)])
def test_bounds_that_contradict_each_other_are_refused(bounds):
    minimum, target, maximum = bounds
    with pytest.raises(RuleError) as caught:
        CutRules(minimum=minimum, target=target, maximum=maximum)
    assert str(target) in caught.value.say()
    assert "minimum ≤" in caught.value.say()


@pytest.mark.parametrize(
    ("premises", "parts"),
    [
        (0, 1),
        (299, 1),
        (464, 1),
        (695, 1),
        (696, 2),
        (1_000, 2),
        (1_159, 2),
        (1_160, 3),
        (10_000, 22),
    ],
)
def test_number_of_parts(premises, parts):
    assert CutRules().parts(premises) == parts


def test_number_of_parts_keeps_the_bounds():
    tight = CutRules(minimum=460, target=500, maximum=520)
    assert tight.parts(800) == 2  # 2 × 400 is too few, 1 × 800 too many: the maximum wins
    assert tight.parts(500) == 1


def test_assign_sectors_takes_rows_in_any_order_and_nothing():
    sectors = gpd.GeoDataFrame(
        {"sector_id": ["b", "a"]}, geometry=[square(0, 0), square(1, 0)], crs="EPSG:2154"
    )
    rows = pd.DataFrame({"x_m": [WEST + SIDE, WEST + 1, 0.0], "y_m": [SOUTH + 1, SOUTH, 0.0]})
    label = assign_sectors(rows, sectors)
    assert label.categories.tolist() == ["a", "b"]
    assert label.codes.tolist() == [0, 1, -1]
    assert assign_sectors(rows, sectors.iloc[:0]).codes.tolist() == [-1, -1, -1]
    assert len(assign_sectors(rows.iloc[:0], sectors)) == 0


@pytest.mark.slow
def test_the_embedded_region():
    premises_room = pytest.importorskip("planner.premises")
    io_room = pytest.importorskip("planner.io")
    geodata = io_room.read_geodata(GEODATA)
    communes = geodata.table("communes")
    premises = premises_room.generate_premises(communes, figures=geodata.table("premises_figures"))
    cut = cut_sectors(premises, communes)
    sectors = cut.sectors
    shapes = sectors.geometry.to_numpy()
    public = communes[communes["regulatory_zone"] == "public"]
    towns = public.geometry.to_numpy()

    is_public = premises["insee"].astype(str).isin(set(public["insee"])).to_numpy()
    assert len(premises) == 1_949_859
    assert sectors["premises_count"].sum() == premises["premises_min"][is_public].sum()
    assert 2_400 <= len(sectors) <= 2_650
    assert sectors["premises_count"].between(300, 1_000).mean() >= 0.99
    assert sectors["premises_count"].max() <= 1_000
    assert sectors["nom"].groupby(sectors["insee"]).nunique().sum() == len(sectors)

    assert shapely.coverage_is_valid(shapes)
    assert shapely.coverage_is_valid(sectors.to_crs("EPSG:4326").geometry.to_numpy())
    assert shapely.coverage_is_valid(shapely.coverage_simplify(shapes, 25.0))
    assert abs(shapely.area(shapes).sum() - shapely.area(towns).sum()) < 0.01
    pieces = shapely.get_num_geometries(shapes)
    assert (pieces > 1).sum() == sum(f.rule == "zoning.sector_islets" for f in cut.findings)
    assert (pieces > 1).sum() <= 40

    codes = cut.sector_of_premise.codes
    assert ((codes >= 0) == is_public).all()
    sample = np.arange(0, len(premises), 997)
    inside = sample[codes[sample] >= 0]
    assert shapely.intersects_xy(
        shapes[codes[inside]],
        premises["x_m"].to_numpy()[inside],
        premises["y_m"].to_numpy()[inside],
    ).all()

    own = public.set_index("insee")["epci_siren"].fillna("")
    districts = own.where(own != "", own.index.to_series())
    for district, codes_of in districts.groupby(districts):
        area = shapely.union_all(towns[public["insee"].isin(codes_of.index).to_numpy()])
        mine = shapes[sectors["insee"].isin(codes_of.index).to_numpy()]
        assert shapely.area(mine).sum() == pytest.approx(area.area, abs=0.01), district
