"""GraceTHD out: read back by fiona and by our own reader, with references that resolve."""

import dataclasses
import datetime as dt
import hashlib

import fiona
import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import shapely

from planner.export.gracethd import check_gracethd, write_gracethd
from planner.export.shapefile import Field, ShapefileError, write_shapefile
from planner.io import read_gracethd
from planner.io.gracethd_model import COLUMNS
from planner.plan import make_plan
from planner.scenario import read_scenario

DAY = dt.date(2017, 12, 31)


@pytest.fixture
def plan(toy):
    return make_plan(toy, read_scenario(None))


def sums(folder):
    return {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in sorted(folder.iterdir())}


def test_a_plan_comes_back_as_it_was(plan, tmp_path):
    written = write_gracethd(tmp_path, plan)
    assert {item.path for item in written} == set(sums(tmp_path))
    grace = read_gracethd(tmp_path, on=DAY)
    territory = plan.territory
    assert len(grace.rejected_rows) == 0
    assert [f.rule for f in grace.findings] == ["io.states_dated"]
    ours = territory.premises.sort_values("premise_id", ignore_index=True)
    for column in ("premise_id", "insee", "kind", "premises_min", "premises_max", "x_m", "y_m"):
        assert grace.premises[column].tolist() == ours[column].tolist(), column
    layer = plan.premises_layer()
    known = layer[layer["state"].notna()].set_index("premise_id")["state"].astype(str).to_dict()
    assert grace.state_changes.set_index("premise_id")["state"].to_dict() == known
    sectors = territory.sectors.sort_values("sector_id", ignore_index=True)
    assert grace.sectors["sector_id"].tolist() == sectors["sector_id"].tolist()
    assert shapely.equals(grace.sectors.geometry.to_numpy(), sectors.geometry.to_numpy()).all()
    areas = grace.service_areas
    pm = areas[areas["level"] == "pm"]
    assert set(pm["parent_id"]) == set(areas.loc[areas["level"] == "nro", "area_id"])
    assert pm["premises_count"].tolist() == sectors["premises_count"].tolist()
    inside = grace.existing_sites.merge(
        sectors.assign(site_id="PM-" + sectors["sector_id"]), on="site_id", suffixes=("", "_of")
    )
    assert len(inside) == len(sectors)
    assert shapely.contains(inside["geometry_of"].to_numpy(), inside["geometry"].to_numpy()).all()


def test_fiona_sees_names_crs_and_accents(plan, tmp_path):
    communes = plan.territory.communes.assign(nom=lambda t: "Été-" + t["nom"])
    plan = dataclasses.replace(plan, territory=plan.territory.with_tables(communes=communes))
    write_gracethd(tmp_path, plan)
    for path in sorted(tmp_path.glob("*.shp")):
        with fiona.open(path) as layer:
            assert list(layer.schema["properties"]) == list(COLUMNS[path.stem])
            assert layer.crs.to_epsg() == 2154
            assert path.with_suffix(".cpg").read_text() == "UTF-8"
            first = next(iter(layer))
        if path.stem == "t_adresse":
            assert first.properties["ad_commune"].startswith("Été-Toy")
            assert first.properties["ad_nblhab"] + first.properties["ad_nblpro"] == 1
            assert first.properties["ad_geolsrc"] == "SYNTHÉTIQUE"
        if path.stem == "t_zsro":
            assert "SYNTHÉTIQUE" in first.properties["zs_comment"]
    text = (tmp_path / "LISEZMOI.txt").read_text(encoding="utf-8")
    assert "indicatives de PM" in text
    assert "synthétiques" in text


def test_same_plan_same_bytes_and_rows_in_any_order(plan, tmp_path):
    write_gracethd(tmp_path / "a", plan)
    shuffled = plan.territory.with_tables(
        premises=plan.territory.premises.sample(frac=1, random_state=1),
        sectors=plan.territory.sectors.sample(frac=1, random_state=2),
    )
    write_gracethd(tmp_path / "b", make_plan(shuffled, plan.scenario))
    assert sums(tmp_path / "a") == sums(tmp_path / "b")


def test_without_premises(plan, tmp_path):
    write_gracethd(tmp_path, plan, premises=False, lang="en")
    assert not (tmp_path / "t_adresse.shp").exists()
    assert "not delivered" in (tmp_path / "LISEZMOI.txt").read_text(encoding="utf-8")


def test_buildings_of_several_premises(plan, tmp_path):
    premises = plan.territory.premises.copy()
    premises["building_id"] = premises["building_id"].astype(object)
    one = premises.index[:3]
    premises.loc[one, ["building_id", "x_m", "y_m"]] = ["B", *premises.loc[0, ["x_m", "y_m"]]]
    premises["premises_min"] = premises["premises_min"].astype("Int64")
    premises["premises_max"] = premises["premises_max"].astype("Int64")
    premises.loc[premises.index[3], ["premises_min", "premises_max"]] = [5, 5]
    premises.loc[premises.index[4], ["premises_min", "premises_max"]] = [2, pd.NA]
    plan = dataclasses.replace(plan, territory=plan.territory.with_tables(premises=premises))
    write_gracethd(tmp_path, plan)
    found = read_gracethd(tmp_path).premises.set_index("premise_id")
    ids = premises["premise_id"].tolist()
    assert found.loc[ids[:3], "building_id"].tolist() == ["B"] * 3
    assert found.loc[ids[3], ["premises_min", "premises_max"]].tolist() == [5, 5]
    assert len(found) == len(premises)


def test_delivered_infrastructure_goes_out_again(plan, shared, tmp_path):
    grace = read_gracethd(shared / "gracethd-sample")
    more = {
        name: grace.tables()[name]
        for name in ("infrastructure", "infrastructure_points", "existing_sites")
    }
    write_gracethd(tmp_path, dataclasses.replace(plan, more=more))
    back = read_gracethd(tmp_path)
    assert [f.rule for f in back.findings] == ["io.states_undated"]
    ways, same = back.infrastructure, grace.infrastructure
    for column in (
        "way_id",
        "support",
        "use",
        "from_node",
        "to_node",
        "condition",
        "owner",
        "stage",
    ):
        assert ways[column].fillna("").tolist() == same[column].fillna("").tolist(), column
    assert np.allclose(ways["length_m"], same["length_m"])
    points = back.infrastructure_points
    for column in ("point_id", "kind", "model", "tenure", "owner", "condition"):
        assert (
            points[column].fillna("").tolist()
            == grace.infrastructure_points[column].fillna("").tolist()
        )
    assert len(back.existing_sites) == 8 + 2


def test_a_reference_that_leads_nowhere_is_never_delivered(plan, tmp_path):
    written = write_gracethd(tmp_path, plan)
    rows = {name: count for item in written for name, count in item.rows.items()}
    check_gracethd(tmp_path, rows)
    users = (tmp_path / "t_suf.csv").read_text(encoding="utf-8")
    (tmp_path / "t_suf.csv").write_text(
        users.replace('"22001-01-2";', '"absent";'), encoding="utf-8"
    )
    with pytest.raises(ShapefileError, match="sf_ad_code"):
        check_gracethd(tmp_path, rows)
    with pytest.raises(ShapefileError, match="41"):
        check_gracethd(tmp_path, rows | {"t_adresse": 41})


def text(*values):
    return pa.array(values, pa.string())


def test_shapes_with_holes_parts_and_absent_values(tmp_path):
    ring = shapely.box(0, 0, 9, 9) - shapely.box(2, 2, 3, 3)
    shapes = np.array([shapely.MultiPolygon([ring, shapely.box(20, 0, 21, 1)]), shapely.box(0, 0, 1, 1)],
                      dtype=object)  # fmt: skip
    fields = [
        Field(name="a", kind="C", column=text("œuvre", None)),
        Field(name="n", kind="N", column=pa.array([-12, None], pa.int64())),
        Field(name="f", kind="F", column=pa.array([None, 1.5])),
        Field(name="d", kind="D", column=pa.array([DAY, None], pa.date32())),
    ]
    write_shapefile(tmp_path / "p.shp", fields, shapes, kind="Polygon", on=DAY)
    found = gpd.read_file(tmp_path / "p.shp")
    assert shapely.equals(found.geometry.to_numpy(), shapes).all()
    assert found["a"].tolist()[0] == "œuvre"
    assert found.drop(columns="geometry").iloc[1].isna().tolist() == [True, True, False, True]
    assert found["n"].tolist()[0] == -12
    assert found["f"].tolist()[1] == 1.5
    assert str(found["d"].tolist()[0])[:10] == "2017-12-31"


def test_lines_and_points_and_nothing(tmp_path):
    lines = np.array(
        [shapely.MultiLineString([[(0, 0), (1, 1)], [(5, 5), (6, 6), (7, 5)]])], dtype=object
    )
    key = Field(name="k", kind="C", column=text("x"))
    write_shapefile(tmp_path / "l.shp", [key], lines, kind="LineString", on=DAY)
    assert gpd.read_file(tmp_path / "l.shp").geometry.iloc[0].equals(lines[0])
    many = shapely.points(np.arange(70_000.0), np.arange(70_000.0) * 2)
    key = Field(name="k", kind="N", column=pa.array(np.arange(70_000)))
    write_shapefile(tmp_path / "p.shp", [key], many, kind="Point", on=DAY)
    found = gpd.read_file(tmp_path / "p.shp")
    assert (found["k"] == np.arange(70_000)).all()
    assert (found.geometry.y == np.arange(70_000) * 2).all()


def test_what_a_shapefile_cannot_hold_is_refused(tmp_path):
    point = np.array([shapely.Point(0, 0)], dtype=object)
    with pytest.raises(ShapefileError, match="254"):
        write_shapefile(tmp_path / "p.shp", [Field(name="a", kind="C", column=text("é" * 200))], point,
                        kind="Point", on=DAY)  # fmt: skip
