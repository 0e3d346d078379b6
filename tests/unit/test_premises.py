"""Made-up premises: exact counts, inside their commune, the same bytes whatever the order."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from planner.errors import PlannerError
from planner.io import read_geodata
from planner.premises import (
    GeneratorRules,
    generate_premises,
    premises_from_geodataframe,
    premises_to_geodataframe,
)
from planner.schemas import contract


def communes(count=4, side_m=4_000.0):
    west = np.arange(count) * side_m
    return gpd.GeoDataFrame(
        {
            "insee": [f"3500{i + 1}" for i in range(count)],
            "nom": [f"Commune {i}" for i in range(count)],
            "departement": "35",
            "epci_siren": "200000001",
            "population": [100, 200, 300, 3_000][:count],
            "regulatory_zone": "public",
            "bourg_x_m": west + side_m / 2,
            "bourg_y_m": side_m / 2,
        },
        geometry=[shapely.box(x, 0, x + side_m, side_m) for x in west],
        crs="EPSG:2154",
    )


def figures(rows):
    frame = pd.DataFrame(rows, columns=["level", "code", "premises_count"])
    for name in ("serviceable_count", "private_count"):
        frame[name] = pd.array([None] * len(frame), dtype="Int64")
    frame["on"] = pd.Timestamp("2018-03-31")
    return frame.assign(source="test")


def digest(frame):
    return pd.util.hash_pandas_object(frame, index=False).sum()


def test_known_communes_are_exact_and_the_rest_share_by_population():
    rows = [("departement", "35", 1_000), ("commune", "35004", 701)]
    premises = generate_premises(communes(), figures=figures(rows))
    counts = premises["insee"].astype(str).value_counts().to_dict()
    # 299 left for 100, 200 and 300 inhabitants: 49.83, 99.67, 149.5 -> 50, 100, 149
    assert counts == {"35001": 50, "35002": 100, "35003": 149, "35004": 701}
    contract("premises").check(premises)
    assert premises["premise_id"].is_monotonic_increasing


def test_without_any_figure_it_says_so():
    with pytest.raises(PlannerError) as caught:
        generate_premises(communes(), figures=figures([]))
    assert "→" in str(caught.value)


def test_row_order_changes_no_byte_and_the_seed_changes_them():
    table = figures([("departement", "35", 900)])
    first = generate_premises(communes(), figures=table)
    assert digest(generate_premises(communes().iloc[::-1], figures=table)) == digest(first)
    other = generate_premises(communes(), figures=table, rules=GeneratorRules(seed=7))
    assert digest(other) != digest(first)


def test_points_there_and_back():
    premises = generate_premises(communes(), figures=figures([("departement", "35", 90)]))
    points = premises_to_geodataframe(premises)
    back = premises_from_geodataframe(points)
    assert points.crs.to_epsg() == 2154
    assert (back["x_m"].to_numpy() == premises["x_m"].to_numpy()).all()
    with pytest.raises(PlannerError, match="2154"):
        premises_from_geodataframe(points.to_crs(4326))


@pytest.mark.slow
def test_brittany():
    geodata = read_geodata()
    table, known = geodata.table("communes"), geodata.table("premises_figures")
    premises = generate_premises(table, figures=known)
    assert len(premises) == 1_949_859
    by_commune = premises["insee"].astype(str).value_counts()
    exact = known[known["level"] == "commune"].set_index("code")["premises_count"]
    assert len(exact) == 50
    assert (by_commune.loc[exact.index] == exact).all()
    whole = known[known["level"] == "departement"].set_index("code")["premises_count"].to_dict()
    assert by_commune.groupby(by_commune.index.str[:2]).sum().to_dict() == whole
    shapes = table.set_index("insee").geometry
    owner = shapes.index.get_indexer(premises["insee"].astype(str))
    outlines = shapes.to_numpy()
    shapely.prepare(outlines)
    inside = shapely.contains_xy(
        outlines[owner], premises["x_m"].to_numpy(), premises["y_m"].to_numpy()
    )
    assert inside.all()
    buildings = premises.drop_duplicates("building_id")
    assert not buildings.duplicated(["x_m", "y_m"]).any()
    zone = table.set_index("insee")["regulatory_zone"]
    public = zone.reindex(by_commune.index) == "public"
    assert by_commune[public].sum() == 1_160_808
    establishments = (premises["kind"] != "dwelling").mean()
    assert establishments == pytest.approx(90_052 / 1_949_859, abs=1e-4)
