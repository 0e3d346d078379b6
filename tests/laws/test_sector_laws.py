"""Laws of sectors: a true coverage, nobody lost or counted twice, the same whatever the row order."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from planner.zoning import CutRules, assign_sectors, cut_sectors, use_sectors

WEST, SOUTH, SIDE = 250_000.0, 6_750_000.0, 3_000.0
EPCI = ["200000001", "200000002"]
RULES = CutRules(minimum=30, maximum=100, target=46, cell_premises=6)
CALM = settings(
    max_examples=40, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)


@st.composite
def territories(draw):
    """Draw a grid of quadrilateral communes with shared, crooked borders, and their premises."""
    columns, rows = draw(st.integers(1, 3)), draw(st.integers(1, 3))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    corner = np.stack(np.meshgrid(np.arange(columns + 1), np.arange(rows + 1)), axis=-1) * SIDE
    corner = np.round(corner + rng.uniform(-0.3, 0.3, corner.shape) * SIDE, 1)
    corner += np.array([WEST, SOUTH])
    shapes, counts = [], []
    for row in range(rows):
        for column in range(columns):
            shapes.append(
                shapely.Polygon(
                    [corner[row, column], corner[row, column + 1],
                     corner[row + 1, column + 1], corner[row + 1, column]]
                )
            )  # fmt: skip
            counts.append(draw(st.sampled_from([0, 1, 12, 29, 46, 70, 150, 333])))
    kinds = st.tuples(
        st.sampled_from([*EPCI, None]), st.sampled_from(["public", "public", "l33_13"])
    )
    picked = [draw(kinds) for _ in shapes]
    communes = gpd.GeoDataFrame(
        {
            "insee": [f"22{k:03d}" for k in range(len(shapes))],
            "nom": [f"Commune {k}" for k in range(len(shapes))],
            "departement": "22",
            "epci_siren": pd.array([epci for epci, _ in picked], dtype="str"),
            "population": 100,
            "regulatory_zone": [zone for _, zone in picked],
            "bourg_x_m": [s.representative_point().x for s in shapes],
            "bourg_y_m": [s.representative_point().y for s in shapes],
        },
        geometry=shapes,
        crs="EPSG:2154",
    )
    return communes, _settle(communes, counts, rng), rng


def _settle(communes, counts, rng):
    points, insee = [np.empty((0, 2))], []
    for commune, count in zip(communes.itertuples(), counts, strict=True):
        left, low, right, high = commune.geometry.bounds
        spread = rng.choice([20.0, 400.0, 3_000.0])
        got = np.empty((0, 2))
        while len(got) < count:
            tried = np.c_[rng.uniform(left, right, 200), rng.uniform(low, high, 200)]
            tried = np.round(tried / spread) * spread if spread < 100 else np.round(tried, 1)
            got = np.r_[got, tried[shapely.contains_xy(commune.geometry, tried[:, 0], tried[:, 1])]]
        points.append(got[:count])
        insee += [commune.insee] * count
    xy = np.concatenate(points)
    ids = [f"P{k}" for k in range(len(xy))]
    weight = rng.integers(0, 4, len(xy))
    return pd.DataFrame(
        {
            "premise_id": ids, "building_id": ids, "insee": insee, "kind": "dwelling",
            "premises_min": weight, "premises_max": weight, "x_m": xy[:, 0], "y_m": xy[:, 1],
        }
    )  # fmt: skip


@CALM
@given(territories())
def test_sectors_cover_the_public_area_and_lose_nobody(territory):
    communes, premises, _ = territory
    if premises.empty:
        return
    cut = cut_sectors(premises, communes, rules=RULES)
    shapes = cut.sectors.geometry.to_numpy()
    public = communes[communes["regulatory_zone"] == "public"]
    area = shapely.area(public.geometry.to_numpy()).sum()
    assert abs(shapely.area(shapes).sum() - area) < 1e-3
    if len(shapes):
        assert shapely.coverage_is_valid(shapes)
        union = shapely.union_all(public.geometry.to_numpy())
        assert shapely.area(shapely.symmetric_difference(shapely.union_all(shapes), union)) < 1e-3

    counted = premises["insee"].isin(set(public["insee"])).to_numpy()
    assert cut.sectors["premises_count"].sum() == premises["premises_min"][counted].sum()
    assert cut.sector_shares["premises_count"].sum() == cut.sectors["premises_count"].sum()
    assert ((cut.sector_of_premise.codes >= 0) == counted).all()
    assert cut.sectors["nom"].is_unique

    spots = premises.groupby(["x_m", "y_m"])["premises_min"].sum()
    if spots.max() <= RULES.cell_premises:  # small buildings: every sector can keep below
        assert (cut.sectors["premises_count"] <= RULES.maximum).all()

    own = public["epci_siren"].fillna(public["insee"])
    for row in cut.sectors.itertuples():
        epci = row.epci_siren if isinstance(row.epci_siren, str) else row.insee
        inside = shapely.union_all(public.geometry[own == epci].to_numpy())
        assert shapely.area(shapely.difference(row.geometry, inside)) < 1e-3


@CALM
@given(territories())
def test_row_order_changes_nothing(territory):
    communes, premises, rng = territory
    if premises.empty:
        return
    cut = cut_sectors(premises, communes, rules=RULES)
    order = rng.permutation(len(premises))
    again = cut_sectors(
        premises.iloc[order], communes.iloc[rng.permutation(len(communes))], rules=RULES
    )
    assert again.sectors.geometry.to_wkb().tolist() == cut.sectors.geometry.to_wkb().tolist()
    pd.testing.assert_frame_equal(pd.DataFrame(again.sectors), pd.DataFrame(cut.sectors))
    pd.testing.assert_frame_equal(again.sector_shares, cut.sector_shares)
    assert (again.sector_of_premise.codes == cut.sector_of_premise.codes[order]).all()


@CALM
@given(territories())
def test_cut_sectors_given_back_are_the_same(territory):
    communes, premises, _ = territory
    if premises.empty:
        return
    cut = cut_sectors(premises, communes, rules=RULES)
    again = use_sectors(cut.sectors, premises, communes)
    pd.testing.assert_frame_equal(pd.DataFrame(again.sectors), pd.DataFrame(cut.sectors))
    pd.testing.assert_frame_equal(again.sector_shares, cut.sector_shares)
    assert (again.sector_of_premise.codes == cut.sector_of_premise.codes).all()
    assert {f.rule for f in again.findings} <= {"zoning.sector_outside", "zoning.sector_foreign"}


@CALM
@given(territories())
def test_each_premise_is_in_the_smallest_sector_it_touches(territory):
    communes, premises, _ = territory
    sectors = communes.rename(columns={"insee": "sector_id"})
    corners = shapely.get_coordinates(communes.geometry.to_numpy())
    middles = (corners[1:] + corners[:-1]) / 2
    x = np.r_[premises["x_m"], corners[:, 0], middles[:, 0]]
    y = np.r_[premises["y_m"], corners[:, 1], middles[:, 1]]
    label = assign_sectors(
        pd.DataFrame({"x_m": x, "y_m": y}), sectors.sample(frac=1, random_state=1)
    )
    expected = np.full(len(x), -1)
    for row in range(len(sectors) - 1, -1, -1):
        expected[shapely.intersects_xy(sectors.geometry.iloc[row], x, y)] = row
    assert label.codes.tolist() == expected.tolist()
