"""Hundreds of random edits, by SQL and in real QGIS, come back exactly."""

import json

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from planner.schemas import contract
from planner.vocab import EditKind
from tests.unit.export.editing import blob, compared, run_qgis, write


def grid(side=20):
    """Four hundred sectors, their programme, ballots, envelopes and deliberations."""
    ids = [f"35{row:03d}-{column:02d}" for row in range(side) for column in range(side)]
    shapes = [
        shapely.box(300_000 + column / 3, 6_700_000 + row / 7, 301_000.1 + column, 6_701_000 + row)
        for row in range(side)
        for column in range(side)
    ]
    sectors = gpd.GeoDataFrame(
        {
            "sector_id": ids, "nom": [f"Secteur {key}" for key in ids], "insee": [key[:5] for key in ids],
            "departement": "35", "epci_siren": [None if n % 5 == 0 else "243500741" for n in range(len(ids))],
            "area_kind": "rural", "premises_count": 400,
            "zone_id": [None if n % 3 else "T1" for n in range(len(ids))], "synthetic": True,
        },
        geometry=shapes, crs=2154,
    )  # fmt: skip
    ballots = pd.DataFrame(
        {
            "epci_siren": "243500741", "sector_id": ids, "wish": "ranked",
            "rank": pd.array([None if n % 7 == 0 else n + 1 for n in range(len(ids))], dtype="Int64"),
            "source": "vote", "synthetic": True,
        }
    )  # fmt: skip
    actors = [f"2435{n:05d}" for n in range(60)]
    envelopes = pd.DataFrame(
        {
            "epci_siren": actors, "unit": "lines",
            "amount": pd.array([None if n % 4 == 0 else 100 * n for n in range(60)], dtype="Int64"),
            "med_credit_cents": pd.array([n for n in range(60)], dtype="Int64"), "source": "vote", "synthetic": True,
        }
    )  # fmt: skip
    deliberations = pd.DataFrame(
        {
            "epci_siren": actors, "state": "pending",
            "on": pd.to_datetime(pd.Series([None if n % 2 else "2017-11-30" for n in range(60)])).astype("datetime64[s]"),
            "source": "vote", "synthetic": False,
        }
    )  # fmt: skip
    return {
        "sectors": sectors,
        "ballots": ballots,
        "envelopes": envelopes,
        "deliberations": deliberations,
    }


def random_edits(tables, count, seed):
    """Draw edits; return what the tables must be, and the statements that do it."""
    random = np.random.default_rng(seed)
    wanted = {name: frame.copy() for name, frame in tables.items()}
    statements, touched = [], set()
    while len(touched) < count:
        layer = ["sectors", "sectors", "ballots", "envelopes", "deliberations"][random.integers(5)]
        frame = wanted[layer]
        row = int(random.integers(len(frame)))
        key = list(contract(layer).key)
        name = (layer, *frame.loc[frame.index[row], key])
        if name in touched:
            continue
        touched.add(name)
        where = " AND ".join(f'"{column}" = ?' for column in key)
        at = frame.index[row]
        action = random.integers(4)
        if action == 0:
            wanted[layer] = frame.drop(index=at)
            statements.append((f"DELETE FROM {layer} WHERE {where}", name[1:]))
        elif action == 1:  # a copy under a new key
            new = frame.loc[[at]].copy()
            own = (
                f"NOUVEAU-{len(touched)}"
                if layer in {"sectors", "ballots"}
                else f"9{len(touched):08d}"
            )
            new[key[-1]] = own
            wanted[layer] = pd.concat([frame, new], ignore_index=True)
            touched.add((layer, *new.iloc[0][key]))
            columns = [c for c in frame.columns if c not in {key[-1], "geometry"}] + (
                ["geom"] if layer == "sectors" else []
            )
            listed = ", ".join(f'"{column}"' for column in columns)
            statements.append(
                (f'INSERT INTO {layer} ("{key[-1]}", {listed}) SELECT ?, {listed} FROM {layer} WHERE {where}', (own, *name[1:]))
            )  # fmt: skip
        elif layer == "sectors" and action == 2:
            shape = shapely.affinity.translate(frame.geometry[at], *random.normal(size=2))
            wanted[layer].loc[at, "geometry"] = shape
            statements.append(
                (f"UPDATE sectors SET geom = ? WHERE {where}", (blob(shape), *name[1:]))
            )
        else:
            column, value = {
                "sectors": ("nom", f"Œuvre n° {len(touched)} d'« ici »"),
                "ballots": ("rank", int(random.integers(1, 10**6))),
                "envelopes": ("med_credit_cents", int(random.integers(10**15))),
                "deliberations": (
                    "on",
                    pd.Timestamp("2018-01-01") + pd.Timedelta(days=int(random.integers(900))),
                ),
            }[layer]
            wanted[layer].loc[at, column] = value
            plain = value.strftime("%Y-%m-%d") if column == "on" else value
            statements.append(
                (f'UPDATE {layer} SET "{column}" = ? WHERE {where}', (plain, *name[1:]))
            )
    return wanted, statements


def cells(series):
    return [None if pd.isna(value) else value for value in series.astype(object)]


def assert_same(layer, one, other):
    """Tell that two tables hold the same cells to the bit, and the same shapes to the vertex."""
    key = list(contract(layer).key)
    left, right = (frame.sort_values(key).reset_index(drop=True) for frame in (one, other))
    for column in (column for column in other.columns if column != "geometry"):
        assert cells(left[column]) == cells(right[column]), (layer, column)
    if layer == "sectors":
        normal = [shapely.normalize(frame.geometry.to_numpy()) for frame in (left, right)]
        parts = [shapely.get_parts(shapes) for shapes in normal]
        assert shapely.equals_exact(*parts, tolerance=0.0).all()


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_two_hundred_random_edits_come_back_exactly(tmp_path, edit, seed):
    tables = grid()
    path = write(tmp_path / "plan.gpkg", tables)
    wanted, statements = random_edits(tables, 200, seed)
    edit(path, *statements)
    edits = compared(path, tables)
    assert len(edits.table) == len(statements) >= 150
    assert edits.count(EditKind.CONFLICT) == 0
    for layer, frame in wanted.items():
        assert_same(layer, edits.merged[layer], frame)
    # taken once, the same package brings nothing more
    again = compared(path, {**tables, **edits.merged})
    assert set(again.table["kind"]) == {"already"}
    assert not again.merged


def plain(value):
    """A cell as JSON holds it, dates told apart."""
    if pd.isna(value):
        return None
    if isinstance(value, pd.Timestamp):
        return {"date": value.strftime("%Y-%m-%d")}
    return value.item() if hasattr(value, "item") else value


def operations_between(tables, wanted):
    """What a person would do in QGIS to make one set of tables the other."""
    found = {}
    for layer, after in wanted.items():
        key = list(contract(layer).key)
        columns = [c for c in after.columns if c != "geometry"]

        def rows(frame, key=key):
            return {tuple(row[k] for k in key): row for row in frame.to_dict("records")}

        old, new = rows(tables[layer]), rows(after)
        listed = [{"kind": "removed", "key": list(k)} for k in old if k not in new]
        for k, row in new.items():
            before = old.get(k)
            values = {
                c: plain(row[c])
                for c in columns
                if before is None or plain(row[c]) != plain(before[c])
            }
            one = {"kind": "changed" if before else "added", "key": list(k), "values": values}
            shape = row.get("geometry")
            if shape is not None and (before is None or shape != before["geometry"]):
                one["geometry"] = shapely.to_wkb(shape, hex=True)
            if values or "geometry" in one:
                listed.append(one)
        found[layer] = {"key": key, "operations": listed}
    return found


@pytest.mark.qgis
@pytest.mark.slow
def test_two_hundred_random_edits_in_real_qgis_come_back_exactly(tmp_path, required):
    tables = grid()
    folder = tmp_path / "dossier d'été"
    folder.mkdir()
    path = write(folder / "plan.gpkg", tables)
    wanted, _ = random_edits(tables, 300, 11)
    operations = operations_between(tables, wanted)
    count = sum(len(one["operations"]) for one in operations.values())
    kinds_done = {one["kind"] for several in operations.values() for one in several["operations"]}
    assert count >= 200
    assert kinds_done == {"removed", "added", "changed"}
    (tmp_path / "operations.json").write_text(json.dumps(operations), encoding="utf-8")
    done = run_qgis(
        "qgis_edits_many.py", path, tmp_path / "operations.json", home=tmp_path, required=required
    )
    assert f"EDITED {count}" in done.stdout, done.stderr
    edits = compared(path, tables)
    assert not edits.is_refused, edits.broken
    assert len(edits.table) == count
    assert edits.count(EditKind.CONFLICT) == 0
    for layer, frame in wanted.items():
        assert_same(layer, edits.merged[layer], frame)
