"""Other doors: read back by GDAL, pyarrow and an XML parser; same plan, same bytes."""

import hashlib
import json
from xml.etree import ElementTree as ET

import geopandas as gpd
import numpy as np
import pyarrow.parquet as pq
import pyogrio
import pytest
import shapely
from typer.testing import CliRunner

from planner import cli
from planner.cli.export import FormatName
from planner.export.doors import (
    Contact,
    Format,
    write_export,
    write_flatgeobuf,
    write_geoparquet,
    write_metadata,
    write_topojson,
)
from planner.export.layout import Edition
from planner.export.qgis import package_tables
from planner.plan import make_plan
from planner.scenario import read_scenario
from planner.toy import toy_territory

GMD = "{http://www.isotc211.org/2005/gmd}"
GCO = "{http://www.isotc211.org/2005/gco}"


@pytest.fixture(scope="module")
def plan():
    return make_plan(toy_territory(), read_scenario(None))


@pytest.fixture(scope="module")
def tables(plan):
    return package_tables(plan)


def sums(folder):
    return {
        p.relative_to(folder).as_posix(): hashlib.sha256(p.read_bytes()).hexdigest()
        for p in sorted(folder.rglob("*"))
        if p.is_file()
    }


def test_geoparquet_is_read_by_geopandas_and_by_parquet(tables, tmp_path):
    written = write_geoparquet(tmp_path, tables)
    assert {item.path for item in written} == {f"{name}.parquet" for name in tables}
    sectors = gpd.read_parquet(tmp_path / "sectors.parquet")
    ours = tables["sectors"].sort_values("sector_id", ignore_index=True)
    assert sectors.crs.to_epsg() == 2154
    assert sectors["sector_id"].tolist() == ours["sector_id"].tolist()
    assert shapely.equals(sectors.geometry.to_numpy(), ours.geometry.to_numpy()).all()
    points = gpd.read_parquet(tmp_path / "premises.parquet")
    premises = tables["premises"].sort_values("premise_id", ignore_index=True)
    assert points.geometry.x.tolist() == premises["x_m"].tolist()
    schema = pq.read_schema(tmp_path / "premises.parquet")
    geo = json.loads(schema.metadata[b"geo"])
    assert geo["version"] == "1.1.0"
    assert geo["columns"]["geom"]["bbox"] == list(points.total_bounds)
    assert schema.field("premise_id").metadata[b"title"] == b"Local"
    plain = pq.read_table(tmp_path / "ballots.parquet")
    assert plain.num_rows == len(tables["ballots"])
    assert b"geo" not in plain.schema.metadata


def test_flatgeobuf_is_indexed_and_whole(tables, tmp_path):
    written = write_flatgeobuf(tmp_path, tables)
    assert "ballots.fgb" not in {item.path for item in written}
    for item in written:
        info = pyogrio.read_info(tmp_path / item.path)
        (rows,) = item.rows.values()
        assert info["features"] == rows
        assert info["crs"] == "EPSG:2154"
    some = gpd.read_file(tmp_path / "premises.fgb", bbox=(300_000, 6_800_000, 304_000, 6_804_000))
    inside = tables["premises"]["x_m"].between(300_000, 304_000) & tables["premises"][
        "y_m"
    ].between(6_800_000, 6_804_000)
    assert set(some["premise_id"]) == set(tables["premises"].loc[inside, "premise_id"])


def test_topojson_shares_arcs_and_is_read_by_gdal(tables, tmp_path):
    written = write_topojson(tmp_path / "a.topojson", tables)
    document = json.loads((tmp_path / "a.topojson").read_text(encoding="utf-8"))
    assert set(document["objects"]) == set(written.rows)
    for name in ("communes", "sectors", "zones"):
        found = gpd.read_file(tmp_path / "a.topojson", layer=name).set_crs(
            4326, allow_override=True
        )
        key = {"communes": "insee", "sectors": "sector_id", "zones": "zone_id"}[name]
        found = found.to_crs(2154).set_index(key).sort_index()
        ours = tables[name].set_index(key).sort_index()
        assert list(found.index) == list(ours.index)
        assert found.geometry.is_valid.all()
        assert (
            shapely.hausdorff_distance(found.geometry.to_numpy(), ours.geometry.to_numpy()) < 2
        ).all()
    used = [
        arc if arc >= 0 else ~arc
        for geometry in document["objects"]["sectors"]["geometries"]
        for ring in geometry["arcs"]
        for arc in ring
    ]
    assert max(np.bincount(used)) == 2  # a border between two sectors is written once
    assert document["objects"]["communes"]["geometries"][0]["properties"]["insee"] == "22001"


def test_topojson_keeps_holes_islands_and_holes_with_islands(plan, tmp_path):
    x, y = 300_000, 6_800_000
    outer = shapely.box(x, y, x + 900, y + 900)
    hole, island = (
        shapely.box(x + 300, y + 300, x + 600, y + 600),
        shapely.box(x + 400, y + 400, x + 500, y + 500),
    )
    far = shapely.box(x + 2000, y, x + 2300, y + 300) - shapely.box(
        x + 2100, y + 100, x + 2200, y + 200
    )
    shape = shapely.MultiPolygon([outer - hole, island, far])
    communes = plan.territory.communes.iloc[:1].copy()
    communes.geometry = gpd.GeoSeries([shape], index=communes.index, crs=2154)
    write_topojson(tmp_path / "a.topojson", {"communes": communes})
    found = gpd.read_file(tmp_path / "a.topojson").set_crs(4326, allow_override=True).to_crs(2154)
    back = found.geometry.iloc[0]
    assert back.is_valid
    assert len(back.geoms) == 3
    assert back.symmetric_difference(shape).area < 0.005 * shape.area


EDITION_KEYS = ("fileIdentifier", "language", "characterSet", "hierarchyLevel", "hierarchyLevelName", "contact",
                "dateStamp", "metadataStandardName", "metadataStandardVersion", "referenceSystemInfo",
                "identificationInfo", "distributionInfo", "dataQualityInfo")  # fmt: skip


def test_metadata_say_what_a_catalogue_asks(plan, tables, tmp_path):
    edition = Edition(
        title="T <é> & co", scenario="s", territory="Jouet", on=plan.scenario.reference_date
    )
    who = Contact(organisation="Syndicat", email="sig@example.org")
    written = write_metadata(
        tmp_path, tables, edition=edition, origins=plan.territory.origins, contact=who
    )
    assert {item.path for item in written} == {f"{name}.xml" for name in tables}
    root = ET.parse(tmp_path / "sectors.xml").getroot()
    assert [child.tag.removeprefix(GMD) for child in root] == list(EDITION_KEYS)
    assert root.findtext(f"{GMD}fileIdentifier/{GCO}CharacterString") == "s.sectors"
    assert root.findtext(f"{GMD}dateStamp/{GCO}Date") == plan.scenario.reference_date.isoformat()
    assert root.findtext(f".//{GMD}organisationName/{GCO}CharacterString") == "Syndicat"
    box = {name: float(root.findtext(f".//{GMD}{name}/{GCO}Decimal")) for name in (
        "westBoundLongitude", "eastBoundLongitude", "southBoundLatitude", "northBoundLatitude")}  # fmt: skip
    lonlat = tables["sectors"].to_crs(4326).total_bounds
    assert np.allclose(
        [box["westBoundLongitude"], box["southBoundLatitude"]], lonlat[:2], atol=1e-3
    )
    assert np.allclose(
        [box["eastBoundLongitude"], box["northBoundLatitude"]], lonlat[2:], atol=1e-3
    )
    title = root.findtext(f".//{GMD}CI_Citation/{GMD}title/{GCO}CharacterString")
    assert "SYNTHÉTIQUE" in title
    assert "T <é> & co" in root.findtext(f".//{GMD}abstract/{GCO}CharacterString")
    assert "sector_id" in root.findtext(f".//{GMD}supplementalInformation/{GCO}CharacterString")
    table = ET.parse(tmp_path / "ballots.xml").getroot()
    assert table.find(f"{GMD}referenceSystemInfo") is None
    assert (
        table.find(f"{GMD}hierarchyLevel/{GMD}MD_ScopeCode").get("codeListValue")
        == "nonGeographicDataset"
    )
    write_metadata(tmp_path / "b", tables, edition=edition)
    nobody = ET.parse(tmp_path / "b" / "sectors.xml").getroot()
    assert nobody.find(f".//{GMD}organisationName").get(f"{GCO}nilReason") == "missing"


@pytest.mark.parametrize("form", list(Format))
def test_same_plan_same_bytes(plan, tmp_path, form):
    paths = write_export(plan, tmp_path / "a", form)
    assert all(path.exists() for path in paths)
    assert set(sums(tmp_path / "a")) == {p.relative_to(tmp_path / "a").as_posix() for p in paths}
    write_export(plan, tmp_path / "b", form)
    assert sums(tmp_path / "a") == sums(tmp_path / "b")
    write_export(plan, tmp_path / "b", form, premises=False, lang="en")
    assert sums(tmp_path / "a") != sums(tmp_path / "b")


def test_the_command_knows_the_same_formats(monkeypatch, tmp_path):
    assert [form.value for form in FormatName] == [form.value for form in Format]
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("planner.prepare.prepare_territory", lambda *_, **__: toy_territory())
    told = CliRunner().invoke(cli.app, ["export", "gracethd"])
    assert told.exit_code == 0, told.output
    assert "indicatives de PM" in told.output
    assert (tmp_path / "maps" / "out" / "bretagne-2018-gracethd" / "t_zsro.shp").exists()
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").write_text("à moi")
    refused = CliRunner().invoke(cli.app, ["export", "csv", "--out", "mine"])
    assert refused.exit_code == 1
    assert (tmp_path / "mine" / "notes.txt").exists()
    assert CliRunner().invoke(cli.app, ["export", "dwg"]).exit_code == 2
