"""GraceTHD out: read back by fiona and by our own reader, with references that resolve."""

import dataclasses
import datetime as dt
import hashlib

import fiona
import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as pa
import pyogrio
import pytest
import shapely

from planner.engineering import add_network, read_works
from planner.export.gracethd import check_gracethd, gracethd_notes, write_gracethd
from planner.export.shapefile import Field, ShapefileError, write_shapefile
from planner.io import read_gracethd
from planner.io.gracethd_model import COLUMNS
from planner.network import lay_ways
from planner.plan import make_plan
from planner.scenario import read_scenario
from planner.toy import toy_territory

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
    # its ducts too: as many a way, their tenure and owner, each reference resolved
    for column in ("ducts_count", "tenure"):
        assert ways[column].astype(str).tolist() == same[column].astype(str).tolist(), column
    assert ways["ducts_count"].sum() == grace.infrastructure["ducts_count"].sum() > 20
    assert back.rows["t_conduite"][0] == back.rows["t_cond_chem"][0] == ways["ducts_count"].sum()
    assert not len(back.rejected_rows)


LISTS = {
    "zs_etatpm": "l_sro_etat", "zn_etat": "l_nro_etat", "zd_statut": "l_statut",
    "nd_type": "l_noeud_type", "nd_type_ep": "l_technologie_type", "ad_ietat": "l_adresse_etat",
    "ad_typzone": "l_zone_densite", "st_typelog": "l_site_type_log", "st_statut": "l_statut",
    "st_avct": "l_avancement", "st_etat": "l_etat_type", "st_proptyp": "l_propriete_type",
    "sf_type": "l_suf_type", "sf_racco": "l_suf_racco", "cm_avct": "l_avancement",
    "cm_etat": "l_etat_type", "cm_statut": "l_statut", "cm_typelog": "l_infra_type_log",
    "cm_typ_imp": "l_implantation_type", "cd_proptyp": "l_propriete_type",
    "cd_statut": "l_statut", "cd_etat": "l_etat_type", "cd_avct": "l_avancement",
    "pt_avct": "l_avancement", "pt_etat": "l_etat_type", "pt_statut": "l_statut",
    "pt_proptyp": "l_propriete_type", "pt_typephy": "l_ptech_type_phy",
    "pt_nature": "l_ptech_nature", "pt_typelog": "l_ptech_type_log", "cd_type": "l_conduite_type",
    "cb_statut": "l_statut", "cb_avct": "l_avancement", "cb_tech": "l_technologie_type",
    "cb_typephy": "l_cable_type", "cb_typelog": "l_infra_type_log", "bp_statut": "l_statut",
    "bp_typelog": "l_bp_type_log",
}  # fmt: skip
"""Columns that we fill and that the model gives a list of values."""


def written_columns(folder):
    """Every column of a delivery that is a code, with its values, read by GDAL."""
    for path in sorted([*folder.glob("t_*.shp"), *folder.glob("t_*.csv")]):
        if path.suffix == ".csv":
            frame = pd.read_csv(path, sep=";", dtype=str)
        else:
            frame = pyogrio.read_dataframe(path, read_geometry=False).astype("object")
        for column in set(frame.columns) & set(LISTS):
            yield column, set(frame[column].dropna()) - {""}


def test_every_code_is_in_the_lists_of_the_model(designed, shared, tmp_path):
    grace = read_gracethd(shared / "gracethd-sample").tables()
    existing = {
        name: grace[name] for name in ("infrastructure", "infrastructure_points", "existing_sites")
    }
    write_gracethd(tmp_path, dataclasses.replace(designed, more={**designed.more, **existing}))
    assert {"t_cable", "t_ebp"} <= {path.stem for path in tmp_path.iterdir()}
    filled = 0
    for column, values in written_columns(tmp_path):
        listed = pd.read_csv(
            shared / "gracethd-sample" / "lists" / f"{LISTS[column]}.csv", sep=";", dtype=str,
            keep_default_na=False,
        )  # fmt: skip
        assert values <= set(listed["code"]), column
        filled += bool(values)
    assert filled >= 20


@pytest.fixture(scope="module")
def designed():
    prices, keys = read_works()
    answer = make_plan(toy_territory(), read_scenario())
    return add_network(answer, prices=prices, funding_keys=keys)


def test_the_network_designed_goes_out_with_references_that_resolve(designed, tmp_path):
    write_gracethd(tmp_path, designed)
    routes, pm, nro = (designed.more[name] for name in ("routes", "pm", "nro"))
    back = read_gracethd(tmp_path)
    assert not [f for f in back.findings if f.rule.startswith("gracethd.")]
    assert not len(back.rejected_rows)
    ways = back.infrastructure.set_index("way_id")
    assert set(ways.index) == set(routes["edge_id"])
    for row in routes.drop_duplicates("edge_id").itertuples():
        assert ways.geometry[row.edge_id].equals_exact(row.geometry, 1e-6)
    tiers = routes.groupby("edge_id")["tier"].agg(set)
    for edge, uses in tiers.items():
        assert ways["use"][edge] == (next(iter(uses)) if len(uses) == 1 else "shared")
    assert set(ways["use"]) == {"feeder", "distribution", "shared"}
    both = pyogrio.read_dataframe(tmp_path / "t_cheminement.shp")["cm_typelog"]
    assert set(both) == {"TR", "DI", "TD"}
    sites = back.existing_sites.set_index("site_id")
    for row in pm.itertuples():  # at its own place, not in the middle of the sector
        assert sites.geometry[f"PM-{row.sector_id}"].equals_exact(row.geometry, 1e-6)
    assert sites.geometry[nro["nro_id"][0]].equals_exact(nro.geometry[0], 1e-6)
    assert sites["kind"].value_counts().to_dict() == {"pm": 8, "nro": 1}
    areas = back.service_areas[back.service_areas["level"] == "pm"].set_index("area_id")
    assert areas["parent_id"].to_dict() == {
        row.sector_id: f"NRO_{row.nro_id}" for row in pm.itertuples()
    }
    notes = " ".join(note.say() for note in gracethd_notes(designed))
    assert "réseau étudié, 1 NRO" in notes
    assert "indicatives" not in notes


def csv_of(folder, name):
    return pd.read_csv(folder / f"{name}.csv", sep=";", dtype=str, keep_default_na=False)


@pytest.fixture(scope="module")
def on_streets():
    """The toy territory on four streets, each cut in places every 150 m."""
    west, south = 300_000.0, 6_800_000.0
    lines = [[(west, south + k), (west + 8_000, south + k)] for k in (1_000, 3_000, 5_000, 7_000)]
    parts = shapely.get_parts(
        shapely.node(
            shapely.MultiLineString(
                [*lines, [(west + 4_000, south), (west + 4_000, south + 8_000)]]
            )
        )
    )
    edges = gpd.GeoDataFrame(
        {"edge_id": [f"R{k}" for k in range(len(parts))],
         "laying": ["trench_carriageway", "existing_poles", "existing_duct"] * 4 + ["trench_paved"]},
        geometry=parts, crs=2154,
    )  # fmt: skip
    prices, keys = read_works()
    answer = make_plan(toy_territory(), read_scenario())
    ways = lay_ways(edges, spacing_m=150, synthetic=True)
    return add_network(answer, prices=prices, funding_keys=keys, ways=ways)


def test_cables_ducts_and_boxes_go_out_and_make_the_whole_network(on_streets, tmp_path):
    write_gracethd(tmp_path, on_streets)
    routes, pbo = on_streets.more["routes"], on_streets.more["pbo"]
    ways = pyogrio.read_dataframe(tmp_path / "t_cheminement.shp")
    drawn = pyogrio.read_dataframe(tmp_path / "t_cableline.shp").set_index("cl_cb_code")
    cables, ducts = csv_of(tmp_path, "t_cable"), csv_of(tmp_path, "t_conduite")
    # the ways are the routes, each metre once, however many pieces a street was cut in
    whole = routes.union_all()
    assert ways.length.sum() == pytest.approx(whole.length, abs=0.05)
    assert ways.union_all().hausdorff_distance(whole) < 0.01
    assert len(routes["route_id"].str.replace(r"^.*-", "", regex=True).unique()) > len(ways)
    # cables by capacity are billed as they are drawn
    laid = drawn.length.groupby(cables.set_index("cb_code")["cb_capafo"]).sum()
    billed = on_streets.more["quantities"].groupby("item")["quantity"].sum()
    for capacity, metres in laid.items():
        assert metres == pytest.approx(billed[f"cable_{capacity}"], abs=3)
    # every cable lies in ducts of ways that lie under it
    links = csv_of(tmp_path, "t_cab_cond").merge(
        csv_of(tmp_path, "t_cond_chem"), left_on="cc_cd_code", right_on="dm_cd_code"
    )
    lines = ways.set_index("cm_code").geometry
    for code, rows in links.groupby("cc_cb_code"):
        under = lines.loc[sorted(set(rows["dm_cm_code"]))]
        assert drawn.geometry[code].within(under.union_all().buffer(0.01)), code
    # each end of a cable is the node that stands there
    nodes = pyogrio.read_dataframe(tmp_path / "t_noeud.shp").set_index("nd_code")
    for row in cables.itertuples():
        ends = [shapely.get_point(drawn.geometry[row.cb_code], k) for k in (0, -1)]
        for node, spot in zip((row.cb_nd1, row.cb_nd2), ends, strict=True):
            assert nodes.geometry[node].distance(spot) < 0.01
    boxes = csv_of(tmp_path, "t_ebp")
    assert len(boxes) == pbo.loc[pbo["reached"], "pbo_count"].sum()
    assert set(boxes["bp_typelog"]) == {"PBO"}
    points = csv_of(tmp_path, "t_ptech").set_index("pt_code")
    assert set(points["pt_typephy"]) == {"A", "C"}
    # a pole or a chamber stands already where an existing run ends there
    old = ways.loc[ways["cm_avct"] == "E", ["cm_ndcode1", "cm_ndcode2"]].to_numpy().ravel()
    stands = points["pt_avct"] == "E"
    assert set(points["pt_avct"]) == {"C", "E"}
    assert points.loc[stands, "pt_nd_code"].isin(old).all()
    assert set(nodes["nd_type"][points["pt_nd_code"]]) == {"PT"}
    assert (points["pt_typelog"][boxes["bp_pt_code"].loc[lambda code: code != ""]] == "R").all()
    assert set(ducts["cd_type"]) == {"AER", "NC"}


def test_the_network_goes_out_the_same_from_rows_in_any_order(designed, tmp_path):
    write_gracethd(tmp_path / "a", designed)
    more = {name: table.sample(frac=1, random_state=4) for name, table in designed.more.items()}
    write_gracethd(tmp_path / "b", dataclasses.replace(designed, more=more))
    for path in sorted((tmp_path / "a").iterdir()):
        assert path.read_bytes() == (tmp_path / "b" / path.name).read_bytes(), path.name


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
