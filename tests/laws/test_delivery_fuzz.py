"""Deliveries, workbooks and GraceTHD tables of any sort: refused with a remedy, or no row lost."""

import tempfile
import warnings
import zipfile
from pathlib import Path

import geopandas as gpd
import numpy as np
import openpyxl
import pandas as pd
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from planner.errors import PlannerError
from planner.io import REASONS, read_delivery, read_gracethd, read_premises, read_table
from planner.schemas import contract

X, Y = 309_000.0, 6_740_000.0
LIGHT = settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True
)
SHAPES = [
    shapely.Point(X, Y), shapely.Point(-2.08, 47.65), shapely.Point(), None,
    shapely.LineString([(X, Y), (X + 1, Y)]), shapely.box(X, Y, X + 9, Y + 9),
    shapely.force_3d(shapely.box(X, Y, X + 9, Y + 9), 3.0),
    shapely.Polygon([(X, Y), (X + 9, Y + 9), (X + 9, Y), (X, Y + 9)]),
    shapely.GeometryCollection([shapely.Point(X, Y)]),
    shapely.MultiPoint([(X, Y), (X + 1, Y)]),
]  # fmt: skip
codes = st.sampled_from([None, "a", "b", "c", "nowhere", ""])
counts = st.sampled_from([None, "0", "1", "2", "x", "1.0"])


def attempt(read, *arguments, **options):
    try:
        return read(*arguments, **options)
    except PlannerError as error:
        refused = error
    for lang in ("fr", "en"):
        assert refused.problem.say(lang)
        assert refused.remedy.say(lang)
    return None


def delivery_law(delivery):
    for layer in delivery.layers.values():
        assert layer.rows_in == len(layer.table) + len(layer.rejected_rows)
        assert set(layer.rejected_rows["reason"]) <= set(REASONS)
        if isinstance(layer.table, gpd.GeoDataFrame):
            assert not layer.table.geometry.has_z.any()
            assert layer.table.geometry.notna().all()
    contract("rejected_rows").check(delivery.rejected_rows)
    for lang in ("fr", "en"):
        contract("findings").check(delivery.findings.table(lang))


def spoil(content, cut, flips):
    content = bytearray(content)
    if cut is not None:
        del content[int(cut * len(content)) :]
    for where, byte in flips:
        if content:
            content[int(where * (len(content) - 1))] = byte
    return bytes(content)


damage = st.tuples(
    st.one_of(st.none(), st.none(), st.floats(0, 1)),
    st.lists(st.tuples(st.floats(0, 1), st.integers(0, 255)), max_size=4),
)


@LIGHT
@given(
    shapes=st.lists(st.sampled_from(SHAPES), min_size=1, max_size=6),
    crs=st.sampled_from([None, 2154, 2154, 4326]),
    asked=st.sampled_from([None, None, "EPSG:2154", {"a": "EPSG:4326"}, "nowhere"]),
    hurt=damage,
    part=st.integers(0, 9),
    text=st.text(alphabet='a;é"\n1', max_size=30),
)
def test_a_delivery_loses_no_row(shapes, crs, asked, hurt, part, text):
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        inside = Path(folder) / "in"
        inside.mkdir()
        frame = gpd.GeoDataFrame({"nom": ["é"] * len(shapes)}, geometry=shapes, crs=crs)
        frame.to_file(inside / "a.gpkg", layer="a", geometry_type="Unknown")
        points = gpd.GeoDataFrame({"n": [1, 2]}, geometry=[shapely.Point(X, Y)] * 2, crs=2154)
        points.to_file(inside / "p.shp")
        (inside / "t.csv").write_bytes(text.encode())
        names = sorted(inside.iterdir())
        chosen = names[part % len(names)]
        chosen.write_bytes(spoil(chosen.read_bytes(), *hurt))
        path = Path(folder) / "d.zip"
        with zipfile.ZipFile(path, "w") as archive:
            for name in names:
                archive.write(name, f"été/{name.name}")
        warnings.simplefilter("error")
        delivery = attempt(read_delivery, path, crs=asked)
    if delivery is not None:
        delivery_law(delivery)
        if hurt == (None, []) and "a" in delivery.layers:
            assert delivery.layer("a").rows_in == len(shapes)


cells = st.one_of(
    st.none(), st.integers(-5, 400_000), st.floats(allow_nan=False, width=32), st.booleans(),
    st.dates(), st.sampled_from(["243500741", "ranked", "Classé", "non", "=1/0", "#REF!", "é", " "]),
)  # fmt: skip


@LIGHT
@given(rows=st.lists(st.lists(cells, min_size=6, max_size=6), max_size=4), hurt=damage)
def test_a_workbook_is_whole_or_refused(rows, hurt):
    names = contract("ballots").column_names
    with tempfile.TemporaryDirectory() as folder:
        book = openpyxl.Workbook()
        book.active.append(list(names))
        for row in rows:
            book.active.append(row)
        path = Path(folder) / "t.xlsx"
        book.save(path)
        path.write_bytes(spoil(path.read_bytes(), *hurt))
        intake = attempt(read_table, path, "ballots")
        premises = attempt(
            read_premises, path, columns={"premise_id": "sector_id", "insee": "wish"}
        )
    if intake is not None:
        contract("ballots").check(intake.table)
        assert intake.rows_in == len(intake.table)
        if hurt == (None, []):
            assert intake.rows_in == sum(
                any(cell not in (None, " ") for cell in row) for row in rows
            )
    assert premises is None


grace = st.fixed_dictionaries(
    {
        "t_adresse": st.lists(st.tuples(codes, st.sampled_from(["35236", "1143", None]), counts, counts), max_size=4),
        "t_suf": st.lists(st.tuples(codes, codes, st.sampled_from(["R", "P", "T", "?", None])), max_size=4),
        "t_noeud": st.lists(st.tuples(codes), max_size=4),
        "t_ptech": st.lists(st.tuples(codes, codes), max_size=3),
        "t_cheminement": st.lists(st.tuples(codes, codes, codes, st.sampled_from(["7", "99", None])), max_size=3),
        "t_cond_chem": st.lists(st.tuples(codes, codes), max_size=3),
        "t_conduite": st.lists(st.tuples(codes), max_size=3),
    }
)  # fmt: skip
COLUMNS = {
    "t_adresse": ["ad_code", "ad_insee", "ad_nblhab", "ad_nblpro"],
    "t_suf": ["sf_code", "sf_ad_code", "sf_type"],
    "t_noeud": ["nd_code"],
    "t_ptech": ["pt_code", "pt_nd_code"],
    "t_cheminement": ["cm_code", "cm_ndcode1", "cm_ndcode2", "cm_typ_imp"],
    "t_cond_chem": ["dm_cd_code", "dm_cm_code"],
    "t_conduite": ["cd_code"],
}
SHAPE_OF = {
    "t_adresse": shapely.Point(X, Y),
    "t_noeud": shapely.Point(X, Y),
    "t_cheminement": shapely.LineString([(X, Y), (X + 5, Y)]),
}


@LIGHT
@given(tables=grace, dropped=st.sets(st.sampled_from(sorted(COLUMNS)), max_size=3))
def test_gracethd_accounts_for_every_row(tables, dropped):
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name, rows in tables.items():
            if name in dropped or not rows:
                continue
            frame = pd.DataFrame(rows, columns=COLUMNS[name], dtype=object)
            if name in SHAPE_OF:
                spatial = gpd.GeoDataFrame(frame, geometry=[SHAPE_OF[name]] * len(rows), crs=2154)
                spatial.to_file(Path(folder) / f"{name}.gpkg", layer=name)
            else:
                frame.to_csv(Path(folder) / f"{name}.csv", sep=";", index=False)
        warnings.simplefilter("error")
        read = attempt(read_gracethd, folder)
    if read is None:
        return
    for name, table in read.tables().items():
        contract(name).check(table)
    for name, (rows_in, used, aside) in read.rows.items():
        assert rows_in == used + aside, name
    assert sum(aside for _, _, aside in read.rows.values()) == len(read.rejected_rows)
    if "t_cheminement" in read.rows:
        assert len(read.infrastructure) == read.rows["t_cheminement"][1]
    if "t_ptech" in read.rows:
        assert len(read.infrastructure_points) == read.rows["t_ptech"][1]
    known = np.isin(
        read.infrastructure["from_node"].dropna(), [row[0] for row in tables["t_noeud"]]
    )
    assert known.all() or "t_noeud" in dropped or not tables["t_noeud"]
