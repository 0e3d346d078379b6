"""Whatever is delivered: an error that says what to do, or rows in = rows used + rows set aside.

Missing columns, wrong CRS, NaN, empty files, duplicate keys, bow-ties, points in a polygon layer,
Latin-1, codes read as numbers, dates in the future, files cut short, bytes flipped.
"""

import csv
import datetime as dt
import io
import json
import tempfile
import warnings
import zipfile
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st

from planner.errors import PlannerError
from planner.io import REASONS, read_premises, read_sectors, read_table
from planner.schemas import CONTRACTS, contract

DAY = dt.date(2018, 3, 31)
X, Y = 309_000.0, 6_740_000.0
LIGHT = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True
)

keys = st.sampled_from(
    [None, "", " ", "a", "b", "c", "d", "é", "œ", 'q"', "1;2", "x,y", "l\nm", "007"]
)
codes = st.sampled_from(["35236", "01143", "2A004", "1143", "35236.0", "x", "", None, "٣٥٢٣٦"])
numeric_codes = st.sampled_from([35236, 1143, 35236.0, 1143.5, None, True])
eastings = st.sampled_from([X, X + 1.5, 0.0, -2.08, np.nan, np.inf, -np.inf, 1e300, None])
northings = st.sampled_from([Y, Y + 1.5, 0.0, 47.65, np.nan, np.inf, None])
states = st.sampled_from(["deploye", "CIBLE", "en cours", "peut-être", "", None])
days = st.sampled_from(
    ["2018-01-01", "31/12/2017", "2099-01-01", "31/02/2018", "", None, "20180101"]
)
counts = st.sampled_from(["1", "0", "12", "-1", "x", "", None, "2.5", "99999999999999999999"])
records = st.lists(
    st.fixed_dictionaries(
        {
            "premise_id": keys, "insee": st.one_of(codes, codes, numeric_codes), "x": eastings,
            "y": northings, "state": states, "on": days, "premises": counts,
        }
    ),
    max_size=8,
)  # fmt: skip
dropped = st.sets(
    st.sampled_from(["premise_id", "insee", "x", "y", "state", "on", "premises"]), max_size=2
)
systems = st.sampled_from([None, "EPSG:2154", "EPSG:2154", "EPSG:4326", "EPSG:999999", "nowhere"])
options = st.fixed_dictionaries(
    {
        "crs": systems,
        "on": st.sampled_from([None, DAY]),
        "repair_codes": st.booleans(),
        "encoding": st.sampled_from([None, None, None, "utf-8", "latin-1", "klingon"]),
    }
)


def attempt(read, path, **given_options):
    """Return what was read, or None after an error that says what to do in both languages."""
    try:
        return read(path, **given_options)
    except PlannerError as error:
        refused = error
    for lang in ("fr", "en"):
        assert refused.problem.say(lang)
        assert refused.remedy.say(lang)
    assert "Traceback" not in str(refused)
    return None


def law(intake, used, *, written=None):
    """Check that no row is lost, used or set aside twice, nor set aside without a reason."""
    aside = intake.rejected_rows
    assert intake.rows_in == len(used) + len(aside)
    if written is not None:
        assert intake.rows_in == written
    contract("rejected_rows").check(aside)
    assert set(aside["reason"]) <= set(REASONS)
    if len(aside):
        assert aside["row"].between(1, intake.rows_in).all()
    for lang in ("fr", "en"):
        table = intake.findings.table(lang)
        contract("findings").check(table)
    counted = sum(f.count for f in intake.findings if f.rule.removeprefix("io.") in REASONS)
    assert counted == len(aside)


def premises_law(intake, *, written=None):
    law(intake, intake.premises, written=written)
    contract("premises").check(intake.premises)
    contract("state_changes").check(intake.state_changes)
    assert intake.premises["premise_id"].is_monotonic_increasing
    assert set(intake.state_changes["premise_id"]) <= set(intake.premises["premise_id"])


def write_csv(rows, columns, *, separator, encoding):
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=separator, lineterminator="\n")
    writer.writerow(columns)
    for row in rows:
        writer.writerow(["" if row[name] is None else row[name] for name in columns])
    return out.getvalue().encode(encoding, errors="replace")


@LIGHT
@given(
    rows=records,
    dropped=dropped,
    separator=st.sampled_from([",", ";", "\t"]),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "cp1252", "latin-1", "utf-16"]),
    options=options,
)
def test_csv_loses_no_row(rows, dropped, separator, encoding, options):
    columns = [
        n for n in ("premise_id", "insee", "x", "y", "state", "on", "premises") if n not in dropped
    ]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "f.csv"
        path.write_bytes(write_csv(rows, columns, separator=separator, encoding=encoding))
        intake = attempt(read_premises, path, **options)
    if intake is not None:
        blank = sum(all(row[n] is None or row[n] == "" for n in columns) for row in rows)
        premises_law(intake, written=len(rows) if len(columns) > 1 or not blank else None)


@LIGHT
@given(content=st.text(alphabet='ab1,;"\n\r\t é', max_size=80), options=options)
@example(content='premise_id,insee,x,y\n"a,35236,1,2\nb,35236,3,4"\n', options={})
def test_any_text_after_a_good_header(content, options):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "f.csv"
        path.write_bytes(b"premise_id,insee,x,y\n" + content.encode())
        intake = attempt(read_premises, path, **options)
    if intake is not None:
        premises_law(intake)
        lines = [line for line in content.replace("\r", "\n").split("\n") if line]
        if '"' not in content:
            assert intake.rows_in == len(lines)


def feature(row, columns):
    place = [row["x"], row["y"]]
    return {
        "type": "Feature",
        "properties": {name: row[name] for name in columns},
        "geometry": {"type": "Point", "coordinates": place},
    }


@LIGHT
@given(
    rows=records,
    dropped=dropped,
    strays=st.lists(st.sampled_from([None, 3, "x", {}, {"type": "Feature"}, []]), max_size=2),
    named=systems,
    encoding=st.sampled_from(["utf-8", "cp1252"]),
    options=options,
)
def test_geojson_loses_no_feature(rows, dropped, strays, named, encoding, options):
    columns = [n for n in ("premise_id", "insee", "state", "on", "premises") if n not in dropped]
    document = {
        "type": "FeatureCollection",
        "features": [*strays, *(feature(row, columns) for row in rows)],
    }
    if named is not None:
        document["crs"] = {"type": "name", "properties": {"name": named}}
    text = json.dumps(document, ensure_ascii=False)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "f.geojson"
        path.write_bytes(text.encode(encoding, errors="replace"))
        intake = attempt(read_premises, path, **options)
    if intake is not None:
        premises_law(intake, written=len(rows) + len(strays))


def frame_of(rows, columns, crs):
    shapes = [
        None if row["x"] is None or row["y"] is None else shapely.Point(row["x"], row["y"])
        for row in rows
    ]
    data = {}
    for name in columns:
        values = [row[name] for row in rows]
        kinds = {type(value) for value in values if value is not None}
        data[name] = values if len(kinds) < 2 else [None if v is None else str(v) for v in values]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return gpd.GeoDataFrame(
            pd.DataFrame(data, index=range(len(rows))), geometry=shapes, crs=crs
        )


def write_layer(frame, folder, kind, *, encoding="utf-8", declared=None):
    """Write a layer as someone else's software would, warnings and all."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if kind == "parquet":
            frame.to_parquet(folder / "f.parquet")
            return folder / "f.parquet"
        if kind == "gpkg":
            frame.to_file(folder / "f.gpkg", geometry_type="Unknown")
            return folder / "f.gpkg"
        (folder / "s").mkdir()
        frame.to_file(folder / "s" / "f.shp", encoding=encoding)
    if declared is not None:
        (folder / "s" / "f.cpg").write_text(declared)
    if kind == "shp":
        return folder / "s"
    with zipfile.ZipFile(folder / "f.zip", "w") as archive:
        for part in sorted((folder / "s").iterdir()):
            archive.write(part, f"sous/{part.name}")
    return folder / "f.zip"


@LIGHT
@given(
    rows=records.filter(len),
    dropped=dropped,
    crs=st.sampled_from([None, 2154, 2154, 4326, 3857]),
    kind=st.sampled_from(["gpkg", "parquet", "shp", "zip"]),
    declared=st.sampled_from([None, "UTF-8", "1252", "nonsense"]),
    options=options,
)
def test_layer_of_points_loses_no_row(rows, dropped, crs, kind, declared, options):
    columns = [n for n in ("premise_id", "insee", "state", "on", "premises") if n not in dropped]
    if kind in {"shp", "zip"}:  # no software writes an undefined coordinate in a Shapefile
        rows = [row for row in rows if np.isfinite([row["x"] or 0, row["y"] or 0]).all()]
        assume(rows)
    frame = frame_of(rows, columns, crs)
    with tempfile.TemporaryDirectory() as folder:
        path = write_layer(frame, Path(folder), kind, encoding="cp1252" if declared else "utf-8",
                           declared=declared)  # fmt: skip
        intake = attempt(read_premises, path, **options)
    if intake is not None:
        premises_law(intake, written=len(rows))


def square(i):
    return shapely.box(X + 10 * i, Y, X + 10 * (i + 1), Y + 10)


with np.errstate(invalid="ignore"):
    UNDEFINED = shapely.Polygon([(X, Y), (np.nan, Y), (X, Y + 1), (X, Y)])
SHAPES = [
    square(0), square(1), square(1), shapely.force_3d(square(2), 5.0),
    shapely.MultiPolygon([square(3), square(5)]),
    shapely.Polygon([(X, Y), (X + 9, Y + 9), (X + 9, Y), (X, Y + 9)]),
    shapely.Polygon([(X, Y), (X + 9, Y), (X, Y)]),
    shapely.Polygon(), shapely.Point(X, Y), shapely.Point(), shapely.LineString([(X, Y), (X + 1, Y)]),
    shapely.GeometryCollection([square(0), shapely.Point(X, Y)]), shapely.box(0, 0, 1, 1),
    UNDEFINED, None,
]  # fmt: skip


@LIGHT
@given(
    rows=st.lists(
        st.tuples(
            keys, st.sampled_from(SHAPES), codes, st.sampled_from(["urban", "Rural", "x", None])
        ),
        min_size=1,
        max_size=7,
    ),
    crs=st.sampled_from([None, 2154, 2154, 2154, 4326]),
    kind=st.sampled_from(["gpkg", "parquet"]),
    repair=st.booleans(),
    keyless=st.sampled_from([False, False, False, True]),
    options=st.fixed_dictionaries({"crs": systems, "repair_codes": st.booleans()}),
)
def test_layer_of_polygons_loses_no_row(rows, crs, kind, repair, keyless, options):
    columns = {
        "nom" if keyless else "sector_id": [row[0] for row in rows],
        "insee": [row[2] for row in rows],
        "area_kind": [row[3] for row in rows],
    }
    frame = gpd.GeoDataFrame(columns, geometry=[row[1] for row in rows], crs=crs)
    with tempfile.TemporaryDirectory() as folder:
        path = write_layer(frame, Path(folder), kind)
        intake = attempt(read_sectors, path, repair=repair, **options)
    if intake is None:
        return
    law(intake, intake.table, written=len(rows))
    table = intake.table
    assert table["sector_id"].is_unique
    assert table["sector_id"].notna().all()
    assert table.crs.to_epsg() == 2154
    assert table.geometry.is_valid.all()
    assert not table.geometry.has_z.any()
    assert ("lineage" in table) == repair


TABLES = sorted(
    name for name, table in CONTRACTS.items() if table.geometry is None and name != "rejected_rows"
)
cells = st.one_of(
    st.sampled_from(
        ["", "243500741", "35236", "1", "2018-01-01", "31/12/2017", "true", "ranked", "voted", "lines",
         "1 200", "nan", "-1", "1e9", "é", '"', "a\nb", "9" * 30]
    ),
    st.text(alphabet="a1é;,-/", max_size=4),
)  # fmt: skip


@LIGHT
@given(name=st.sampled_from(TABLES), data=st.data())
def test_table_is_whole_or_refused_once(name, data):
    columns = contract(name).column_names
    rows = data.draw(st.lists(st.tuples(*[cells] * len(columns)), max_size=3))
    written = [dict(zip(columns, row, strict=True)) for row in rows]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "t.csv"
        path.write_bytes(write_csv(written, columns, separator=";", encoding="utf-8"))
        intake = attempt(lambda p: read_table(p, name), path)
    if intake is not None:
        contract(name).check(intake.table)
        assert intake.rows_in == len(intake.table)
        if len(columns) > 1 and not any(
            "\n" in cell or '"' in cell for row in rows for cell in row
        ):
            assert intake.rows_in == len(rows)


def good_layer(folder, kind):
    rows = [
        {"premise_id": f"é{i:03d}", "insee": "35236", "x": X + i, "y": Y, "state": "deploye",
         "on": "2018-01-01", "premises": "1"}
        for i in range(60)
    ]  # fmt: skip
    columns = ["premise_id", "insee", "state", "on", "premises"]
    if kind == "csv":
        content = write_csv(rows, [*columns, "x", "y"], separator=";", encoding="cp1252")
        (folder / "f.csv").write_bytes(content)
        return folder / "f.csv"
    if kind == "geojson":
        document = {
            "type": "FeatureCollection",
            "features": [feature(row, columns) for row in rows],
        }
        (folder / "f.geojson").write_text(json.dumps(document))
        return folder / "f.geojson"
    return write_layer(frame_of(rows, columns, 2154), folder, kind)


@settings(LIGHT, max_examples=120)
@given(
    kind=st.sampled_from(["csv", "geojson", "gpkg", "parquet", "shp", "zip"]),
    part=st.integers(0, 9),
    cut=st.one_of(st.none(), st.floats(0, 1)),
    flips=st.lists(st.tuples(st.floats(0, 1), st.integers(0, 255)), max_size=6),
)
def test_damaged_file_is_refused_or_read_without_loss(kind, part, cut, flips):
    with tempfile.TemporaryDirectory() as folder:
        path = good_layer(Path(folder), kind)
        parts = sorted(path.iterdir()) if path.is_dir() else [path]
        hurt = parts[part % len(parts)]
        content = bytearray(hurt.read_bytes())
        if cut is not None:
            del content[int(cut * len(content)) :]
        for where, byte in flips:
            if content:
                content[int(where * (len(content) - 1))] = byte
        hurt.write_bytes(content)
        intake = attempt(read_premises, path, crs="EPSG:2154", on=DAY)
    if intake is not None:
        premises_law(intake)
