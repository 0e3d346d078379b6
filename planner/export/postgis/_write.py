"""Publish a plan: one transaction, rows by COPY, the former plan in place until the end."""

from __future__ import annotations

import hashlib
import io
import json
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import shapely
from numpy.typing import NDArray

from planner.contracts import Column
from planner.crs import WORKING_EPSG
from planner.export.layout import columns_of as layout_columns
from planner.export.layout import in_contract_order, sorted_arrow
from planner.export.postgis._connect import (
    check_schema_name,
    failure,
    open_engine,
    readable,
    require_postgis,
)
from planner.plan import Plan
from planner.progress import Notify, stage, unheard
from planner.schemas import contract

if TYPE_CHECKING:
    import sqlalchemy as sa
    from sqlalchemy import Connection, Engine

__all__ = ["Published", "publish_plan"]

DEFAULT_SCHEMA: Final = "planner"
_LOCK: Final = zlib.crc32(b"planner.publish") & 0x7FFFFFFF
_BATCH_ROWS: Final = 65_536
_POSITION: Final = ("x_m", "y_m")
_ALWAYS: Final = (
    "epci", "communes", "premises", "sectors", "sector_shares", "zones", "programme", "costs",
    "schedule", "axe3_figures", "epci_follow_up", "sector_follow_up", "completeness", "take_up",
)  # fmt: skip
"""Tables that are made even when they are empty: the views look at them."""
# A point in extended well-known binary: byte order, type with the flag of the SRID, SRID, x, y.
_EWKB_POINT: Final = np.dtype(
    [("order", "u1"), ("type", "<u4"), ("srid", "<i4"), ("x", "<f8"), ("y", "<f8")]
)
_POINT_WITH_SRID: Final = 0x20000001
_KINDS: Final = {"Point": "POINT", "LineString": "MULTILINESTRING", "Polygon": "MULTIPOLYGON"}


@dataclass(frozen=True, kw_only=True)
class Published:
    """What a publication left in the database.

    Parameters
    ----------
    schema, scenario, version
        Where, of which scenario, and its number there.
    rows
        Table name to number of rows.
    unchanged
        Whether the current plan was already this one, to the byte: nothing was written.
    removed
        Versions that were too old to be kept.
    """

    schema: str
    scenario: str
    version: int
    rows: Mapping[str, int]
    unchanged: bool = False
    removed: tuple[int, ...] = ()


@dataclass(frozen=True, kw_only=True)
class _Sheet:
    """A table ready to go: Arrow columns, with its geometry as hexadecimal text."""

    name: str
    table: pa.Table
    columns: tuple[Column, ...]
    kind: str | None


def publish_plan(
    url: str,
    plan: Plan,
    *,
    schema: str = DEFAULT_SCHEMA,
    keep: int = 2,
    lang: str = "fr",
    notify: Notify = unheard,
) -> Published:
    """Write a plan into a schema of a PostGIS database, whole or not at all.

    Everything happens in one transaction: whoever reads sees the former plan until the end, and a
    failure or a kill leaves it.  The plan gets the next version number of its scenario and becomes
    its current one; the views by EPCI show the current plans.  A plan that is already the current
    one, to the byte, is not written again.

    Parameters
    ----------
    url
        ``postgresql://user@host/database``; the password may come from ``PGPASSWORD`` or a
        password file.
    plan
        What to publish.
    schema
        Schema of the database; it is made when it is missing.
    keep
        Versions of this scenario that are kept, the new one included.
    lang
        Language of the sentences and comments.
    notify
        Told the name of each stage as it begins.

    Returns
    -------
    Published

    Raises
    ------
    DatabaseError
        When a driver or PostGIS is missing, the server can't be reached, the user has no right,
        another publisher is at work, or the schema holds other tables of these names.
    """
    check_schema_name(schema)
    engine = open_engine(url)
    from planner.export.postgis._model import reference_order  # noqa: PLC0415 (the extra is there)

    with stage(notify, "stage.publish_tables"):
        sheets = _sheets(plan, lang)
        digest = _checksum(sheets)
    with (
        stage(notify, "stage.publish_write"),
        readable(engine, schema),
        engine.begin() as connection,
    ):
        require_postgis(connection, schema)
        _lock(connection, schema)
        model = _prepare(connection, schema, sheets, lang)
        former = _current(connection, model, plan.scenario.name)
        if former is not None and former.content_sha256 == digest:
            return _published(schema, plan, former.version, sheets, unchanged=True)
        plan_id, version = _enter(connection, model, plan, sheets)
        for sheet in sorted(sheets, key=lambda sheet: reference_order(sheet.name)):
            _copy(connection, schema, sheet, plan_id)
        _finish(connection, model, plan, plan_id, digest)
        removed = _forget(connection, model, plan.scenario.name, keep)
        _make_views(connection, engine, schema)
    return _published(schema, plan, version, sheets, removed=removed)


def _published(
    schema: str,
    plan: Plan,
    version: int,
    sheets: list[_Sheet],
    **more: Any,  # noqa: ANN401
) -> Published:
    rows = {sheet.name: sheet.table.num_rows for sheet in sheets}
    return Published(schema=schema, scenario=plan.scenario.name, version=version, rows=rows, **more)


def _sheets(plan: Plan, lang: str) -> list[_Sheet]:
    tables: dict[str, pd.DataFrame] = {name: contract(name).empty() for name in _ALWAYS}
    tables |= plan.tables(lang)
    if len(tables["premises"]):
        tables["premises"] = plan.premises_layer()
    return [_sheet(name, frame) for name, frame in in_contract_order(tables)]


def _sheet(name: str, frame: pd.DataFrame) -> _Sheet:
    table, order = sorted_arrow(name, frame)
    columns = layout_columns(name, frame)
    geometry = contract(name).geometry
    kind = None if geometry is None else _KINDS[geometry]
    hexes: pa.Array | None = None
    if isinstance(frame, gpd.GeoDataFrame) and geometry is not None:
        shapes = frame.geometry.to_numpy()
        hexes = _hex_shapes(shapes if order is None else shapes[order.to_numpy()], geometry)
    elif set(_POSITION) <= set(table.column_names):
        kind = "POINT"
        hexes = _hex_points(*(table[axis].to_numpy() for axis in _POSITION))
        table = table.drop_columns(list(_POSITION))
        columns = tuple(column for column in columns if column.name not in _POSITION)
    if hexes is not None:
        table = table.append_column("geom", hexes)
    return _Sheet(name=name, table=table, columns=columns, kind=kind)


def _hex_points(x: NDArray[np.float64], y: NDArray[np.float64]) -> pa.Array:
    """Return points as hexadecimal extended well-known binary, without making a geometry."""
    records = np.empty(x.size, dtype=_EWKB_POINT)
    records["order"], records["type"], records["srid"] = 1, _POINT_WITH_SRID, WORKING_EPSG
    records["x"], records["y"] = x, y
    size = 2 * _EWKB_POINT.itemsize
    offsets = np.arange(0, size * (x.size + 1), size, dtype=np.int64)
    text = records.tobytes().hex().encode()
    points = pa.Array.from_buffers(
        pa.large_string(), x.size, [None, pa.py_buffer(offsets), pa.py_buffer(text)]
    )
    known = np.isfinite(x) & np.isfinite(y)
    if known.all():
        return points
    return pc.if_else(pa.array(known), points, pa.scalar(None, pa.large_string()))


def _hex_shapes(shapes: NDArray[np.object_], geometry: str) -> pa.Array:
    promoted = shapes.copy()
    if geometry != "Point":
        gather = shapely.multipolygons if geometry == "Polygon" else shapely.multilinestrings
        single = shapely.GeometryType.POLYGON if geometry == "Polygon" else 1
        alone = np.flatnonzero(shapely.get_type_id(shapes) == single)
        if alone.size:
            promoted[alone] = gather(shapes[alone], indices=np.arange(alone.size))
    marked = shapely.set_srid(promoted, WORKING_EPSG)
    return pa.array(shapely.to_wkb(marked, hex=True, include_srid=True), type=pa.large_string())


def _lock(connection: Connection, schema: str) -> None:
    """Take the schema for this transaction, or refuse: two publishers never mix."""
    place = zlib.crc32(schema.encode()) & 0x7FFFFFFF
    taken = connection.exec_driver_sql(
        "SELECT pg_try_advisory_xact_lock(%s, %s)", (_LOCK, place)
    ).scalar_one()
    if not taken:
        raise failure("locked", schema=schema)


def _prepare(connection: Connection, schema: str, sheets: list[_Sheet], lang: str) -> sa.MetaData:
    """Make the schema and the tables that are missing, and check those that are there."""
    import sqlalchemy as sa  # noqa: PLC0415 (the extra)

    from planner.export.postgis._model import make_model  # noqa: PLC0415 (same)

    known = sa.inspect(connection).get_schema_names()
    if schema not in known:
        connection.execute(sa.schema.CreateSchema(schema))
    model = make_model(
        schema,
        {sheet.name: sheet.columns for sheet in sheets},
        kinds={sheet.name: sheet.kind for sheet in sheets if sheet.kind},
        lang=lang,
    )
    inspector = sa.inspect(connection)
    present = set(inspector.get_table_names(schema=schema))
    for table in model.sorted_tables:
        if table.name not in present:
            continue
        found = {column["name"] for column in inspector.get_columns(table.name, schema=schema)}
        wanted = {column.name for column in table.columns}
        if found != wanted:
            raise failure(
                "other_table", schema=schema, table=table.name,
                columns=", ".join(sorted(found ^ wanted)),
            )  # fmt: skip
    model.create_all(connection)
    return model


def _plans(model: sa.MetaData) -> sa.Table:
    return next(table for table in model.tables.values() if table.name == "plans")


def _current(connection: Connection, model: sa.MetaData, scenario: str) -> Any:  # noqa: ANN401 (a row)
    plans = _plans(model)
    asked = plans.select().where(plans.c.scenario == scenario, plans.c.is_current)
    return connection.execute(asked).first()


def _enter(
    connection: Connection, model: sa.MetaData, plan: Plan, sheets: list[_Sheet]
) -> tuple[int, int]:
    """Enter the plan in the table of plans, not yet current; return its id and version."""
    import sqlalchemy as sa  # noqa: PLC0415 (the extra)

    plans, scenario = _plans(model), plan.scenario
    last = connection.execute(
        sa.select(sa.func.coalesce(sa.func.max(plans.c.version), 0)).where(
            plans.c.scenario == scenario.name
        )
    ).scalar_one()
    synthetic = [origin.title for origin in plan.territory.origins if origin.synthetic]
    plan_id = connection.execute(
        plans.insert()
        .values(
            scenario=scenario.name, version=last + 1, is_current=False, title=scenario.title,
            territory=plan.territory.title, status=scenario.status,
            reference_date=scenario.reference_date, synthetic=", ".join(synthetic),
            scenario_sha256=scenario.sha256, content_sha256="",
            question=json.loads(scenario.canonical()),
            rows={sheet.name: sheet.table.num_rows for sheet in sheets},
        )
        .returning(plans.c.plan_id)
    ).scalar_one()  # fmt: skip
    return int(plan_id), int(last) + 1


def _checksum(sheets: list[_Sheet]) -> str:
    """Return the checksum of every row of every table."""
    digest = hashlib.sha256()
    for sheet in sheets:
        digest.update(f"{sheet.name}:{','.join(sheet.table.column_names)}\n".encode())
        for batch in sheet.table.to_batches(max_chunksize=_BATCH_ROWS):
            digest.update(_csv(batch))
    return digest.hexdigest()


def _copy(connection: Connection, schema: str, sheet: _Sheet, plan_id: int) -> None:
    from psycopg import sql  # noqa: PLC0415 (the extra)

    statement = sql.SQL("COPY {}.{} ({}) FROM STDIN (FORMAT csv)").format(
        sql.Identifier(schema),
        sql.Identifier(sheet.name),
        sql.SQL(", ").join(map(sql.Identifier, ("plan_id", *sheet.table.column_names))),
    )
    driver: Any = connection.connection.driver_connection
    with driver.cursor() as cursor:
        with cursor.copy(statement) as copy:
            for chunk in _chunks(sheet.table, plan_id):
                copy.write(chunk)
        copied = cursor.rowcount
    if copied != sheet.table.num_rows:
        raise failure("lost_rows", table=sheet.name, sent=sheet.table.num_rows, held=copied)


def _chunks(table: pa.Table, plan_id: int) -> Iterator[bytes]:
    """Yield rows as CSV, the plan's id first."""
    for batch in table.to_batches(max_chunksize=_BATCH_ROWS):
        ids = pa.array(np.full(batch.num_rows, plan_id, dtype=np.int64))
        yield _csv(pa.record_batch([ids, *batch.columns], names=["plan_id", *batch.schema.names]))


def _csv(batch: pa.RecordBatch) -> bytes:
    rows = io.BytesIO()
    options = pyarrow.csv.WriteOptions(include_header=False, quoting_style="needed")
    pyarrow.csv.write_csv(batch, rows, write_options=options)
    return rows.getvalue()


def _finish(
    connection: Connection, model: sa.MetaData, plan: Plan, plan_id: int, digest: str
) -> None:
    """Make the plan the current one of its scenario."""
    plans = _plans(model)
    own = plans.c.scenario == plan.scenario.name
    connection.execute(plans.update().where(own).values(is_current=False))
    connection.execute(
        plans.update()
        .where(plans.c.plan_id == plan_id)
        .values(is_current=True, content_sha256=digest)
    )


def _forget(
    connection: Connection, model: sa.MetaData, scenario: str, keep: int
) -> tuple[int, ...]:
    """Remove the versions that are too old, children first; return their numbers."""
    import sqlalchemy as sa  # noqa: PLC0415 (the extra)

    plans = _plans(model)
    asked = (
        sa.select(plans.c.plan_id, plans.c.version)
        .where(plans.c.scenario == scenario)
        .order_by(plans.c.version.desc())
        .offset(max(keep, 1))
    )
    old = connection.execute(asked).all()
    if old:
        ids = [row.plan_id for row in old]
        for table in reversed(model.sorted_tables):
            connection.execute(table.delete().where(table.c.plan_id.in_(ids)))
    return tuple(sorted(row.version for row in old))


def _make_views(connection: Connection, engine: Engine, schema: str) -> None:
    from planner.export.postgis._model import view_statements  # noqa: PLC0415 (the extra)

    quoted = engine.dialect.identifier_preparer.quote(schema)
    for statement in view_statements(quoted):
        connection.exec_driver_sql(statement)
