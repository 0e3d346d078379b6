"""A small hand-made territory for the writers: 4 sectors, 10 premises, names that bite."""

import datetime as dt
import json
import sqlite3
from contextlib import closing
from types import SimpleNamespace

import geopandas as gpd
import pandas as pd
import pytest
import shapely

from planner.export.layout import Edition
from planner.findings import Finding, Findings
from planner.provenance import Origin
from planner.schemas import CONTRACTS, contract
from planner.vocab import Severity

ON = dt.date(2017, 12, 31)
NAMES = [
    "Île-d'Armor « nord »",
    '=1+1"; DROP TABLE sectors; --',
    "{{7*7}}{#</script>",
    "@Ploërmel, -2",
]
SECTORS = ["35236-01", "35236-02", "56165-01", "56165-02"]


def _communes():
    return gpd.GeoDataFrame(
        {
            "insee": ["56165", "35236"],
            "nom": ["{{7*7}}{#</script>", "L'Île aux Œufs"],
            "departement": ["56", "35"],
            "epci_siren": [None, "243500741"],
            "population": [9_900, 10_200],
            "regulatory_zone": ["public", "public"],
            "bourg_x_m": [150_000.0, 50_000.0],
            "bourg_y_m": [6_750_000.0, 6_750_000.5],
        },
        geometry=[
            shapely.MultiPolygon([shapely.box(100_000, 6_700_000, 200_000, 6_800_000)]),
            shapely.box(0, 6_700_000, 100_000, 6_800_000),
        ],
        crs="EPSG:2154",
    )


def _sectors():
    # rows in another order than the key's, on purpose
    order = [2, 0, 3, 1]
    whole = gpd.GeoDataFrame(
        {
            "sector_id": SECTORS,
            "nom": NAMES,
            "insee": ["35236", "35236", "56165", "56165"],
            "departement": ["35", "35", "56", "56"],
            "epci_siren": ["243500741", "243500741", None, None],
            "area_kind": ["urban", "rural", "urban", "rural"],
            "premises_count": [4, 3, 2, 1],
            "zone_id": ["T1-VM-35236", None, None, None],
            "synthetic": True,
        },
        geometry=[
            shapely.box(i * 50_000, 6_700_000, (i + 1) * 50_000, 6_800_000) for i in range(4)
        ],
        crs="EPSG:2154",
    )
    return whole.iloc[order]


def _premises():
    sectors = [0, 0, 0, 0, 1, 1, 1, 2, 2, 3]
    states = [
        "serviceable",
        "serviceable",
        "in_progress",
        None,
        None,
        "targeted",
        "targeted",
        "abandoned",
        None,
        "serviceable",
    ]
    frame = pd.DataFrame(
        {
            "premise_id": [f"P{i:02d}" for i in range(10)],
            "building_id": [f"B{i // 2}" for i in range(10)],
            "insee": ["35236"] * 7 + ["56165"] * 3,
            "kind": pd.Categorical(["dwelling"] * 8 + ["business", None]),
            "premises_min": [1] * 9 + [2],
            "premises_max": pd.array([1] * 9 + [11], dtype="Int64"),
            "x_m": [sectors[i] * 50_000 + 1_000.25 * (i + 1) for i in range(10)],
            "y_m": [6_700_000 + 333.125 * (i + 1) for i in range(10)],
            "sector_id": pd.Categorical([SECTORS[i] for i in sectors], categories=SECTORS),
            "phase": pd.Categorical(
                ["1"] * 4 + ["2"] * 3 + ["3"] * 3, categories=["1", "2", "3", "private"]
            ),
            "state": pd.Categorical(states),
        }
    )
    return frame.sample(frac=1, random_state=3)


def _coverage():
    frame = pd.DataFrame(
        {
            column.name: pd.array([None, None], dtype="Int64" if column.type == "int" else "object")
            for column in CONTRACTS["coverage"].columns
        }
    )
    return frame.assign(
        level=["sector", "region"],
        code=["35236-01", "53"],
        nom=[NAMES[0], "Bretagne"],
        on=pd.Timestamp(ON).as_unit("s"),
        premises_count=[4, 10],
        serviceable_count=pd.array([2, 3], dtype="Int64"),
        coverage_rate=[0.5, 0.3],
        referential="raccordables ; fichier du 31/12/2017 ; communes 2018",
        synthetic=[True, True],
    )


def make_tables():
    schedule = pd.DataFrame(
        {
            "sector_id": SECTORS[::-1],
            "phase": ["3", "3", "2", "1"],
            "quarter": ["2024-T1", "2023-T4", "2019-T1", "2017-T2"],
            "year": [2024, 2023, 2019, 2017],
            "premises_count": [1, 2, 3, 4],
            "cost_cents": [380_001, 400_010, 600_000, 812_345_678_901_23],
        }
    )
    contributions = pd.DataFrame(
        {
            "epci_siren": ["243500741", "243500741"],
            "phase": ["2", "1"],
            "place_id": ["35236-02", "T1-VM-35236"],
            "nom": [NAMES[1], NAMES[0]],
            "lines_count": [3, 4],
            "gross_cents": [133_500, 178_000],
            "credit_cents": [0, 50_001],
            "net_cents": [133_500, 127_999],
        }
    )
    deliberations = pd.DataFrame(
        {
            "epci_siren": ["243500741", "200066777"],
            "state": ["voted", "absent"],
            "on": pd.to_datetime(pd.Series(["2017-11-30", None])).astype("datetime64[s]"),
            "source": '=HYPERLINK("http://x")',
            "synthetic": [False, True],
        }
    )
    shares = pd.DataFrame(
        {
            "sector_id": ["35236-01", "56165-02", "35236-02", "56165-01"],
            "epci_siren": ["243500741", "", "243500741", ""],
            "premises_count": [4, 1, 3, 2],
        }
    )
    found = Finding.of(
        "territory.missing_layer",
        severity=Severity.WARNING,
        table="sectors",
        place="35236-02",
        layers="zones",
    )
    return {
        "premises": _premises(),
        "schedule": schedule,
        "sectors": _sectors(),
        "communes": _communes(),
        "coverage": _coverage(),
        "contributions": contributions,
        "deliberations": deliberations,
        "sector_shares": shares,
        "findings": Findings.collect([found]).table(),
    }


@pytest.fixture
def case():
    """Tables by name, where they come from, and what outputs say of themselves."""
    origins = (
        Origin(layer="premises", title="Locaux", source="fabriqué", licence="GPL-3.0-or-later", vintage="2018", synthetic=True, rows=10),
        Origin(
            layer="communes", title="Communes", source="IGN, ADMIN EXPRESS", licence="Licence Ouverte 2.0",
            attribution="© IGN <2018>", vintage="2018", on=dt.date(2018, 1, 1), rows=2, sha256="ab" * 32,
        ),
    )  # fmt: skip
    edition = Edition(title="Carte & essai", scenario="essai-2018", territory="Armor", on=ON)
    scenario = json.dumps({"name": "essai-2018", "premises": {"path": "/home/jeanne/locaux.csv"}})
    return SimpleNamespace(
        tables=make_tables(), origins=origins, edition=edition, scenario=scenario
    )


PLACES = {
    "sector_id": "22001-01", "epci_siren": "200000001", "insee": "22001", "zone_id": "T1-VM-22001",
    "departement": "22", "nro_id": "x", "premise_id": "22001-01-1", "siren": "200000001",
}  # fmt: skip
SHAPES = {
    "Point": shapely.Point(301_000, 6_805_000),
    "LineString": shapely.LineString([(301_000, 6_805_000), (302_000, 6_806_000)]),
    "Polygon": shapely.box(301_000, 6_805_000, 302_000, 6_806_000),
}


def value(column):
    if column.terms is not None:
        return column.terms.codes()[0]
    if column.name in PLACES:
        return PLACES[column.name]
    return {
        "str": column.example or "x", "int": 1, "float": 301_000.5 if column.maximum is None else column.maximum, "bool": True,
        "date": pd.Timestamp("2018-01-02"),
    }[column.type]  # fmt: skip


def make_row(name):
    """A row that has the types of its contract."""
    table = contract(name)
    row = {column.name: [value(column)] for column in table.columns}
    if table.geometry is None:
        return pd.DataFrame(row)
    return gpd.GeoDataFrame(row, geometry=[SHAPES[table.geometry]], crs=2154)


@pytest.fixture(scope="session")
def one_row():
    """Make a table of one row that has the types of its contract."""
    return make_row


def _envelope(blob):
    """Return the envelope of a GeoPackage geometry, from its header or its shape."""
    kinds = {0: 0, 1: 32, 2: 48, 3: 48, 4: 64}
    start = 8 + kinds[(blob[3] >> 1) & 7]
    return shapely.from_wkb(blob[start:]).bounds


@pytest.fixture
def edit():
    """Run statements on a package; SQLite's triggers of the spatial index need GDAL's functions."""

    def run(path, *statements):
        with closing(sqlite3.connect(path)) as db, db:
            db.create_function("ST_IsEmpty", 1, lambda blob: int(blob is None))
            for place, name in enumerate(("ST_MinX", "ST_MinY", "ST_MaxX", "ST_MaxY")):
                db.create_function(name, 1, lambda blob, place=place: _envelope(blob)[place])
            for statement in statements:
                db.execute(*statement) if isinstance(statement, tuple) else db.execute(statement)

    return run
