"""Read a published plan back, as the tables that were published."""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import geopandas as gpd
import pandas as pd
import pyarrow as pa
import pyarrow.csv
import shapely

from planner.crs import WORKING_CRS
from planner.export.postgis._connect import (
    check_schema_name,
    failure,
    open_engine,
    readable,
)
from planner.schemas import CONTRACTS, contract

if TYPE_CHECKING:
    from sqlalchemy import Connection

__all__ = ["PublishedPlan", "read_published"]

_ARROW: Final = {
    "text": pa.string(),
    "bigint": pa.int64(),
    "double precision": pa.float64(),
    "boolean": pa.bool_(),
    "date": pa.date32(),
}


@dataclass(frozen=True, kw_only=True)
class PublishedPlan:
    """A plan as the database holds it.

    Parameters
    ----------
    scenario, version, is_current, reference_date, content_sha256
        The plan's own row.
    tables
        Table name to frame, in the order of the contracts; premises have ``x_m`` and ``y_m`` again.
        A table of which the plan has no row is left out.
    """

    scenario: str
    version: int
    is_current: bool
    reference_date: dt.date
    content_sha256: str
    tables: Mapping[str, pd.DataFrame]


def read_published(
    url: str, *, schema: str = "planner", scenario: str | None = None, version: int | None = None
) -> PublishedPlan:
    """Read a published plan back; by default the current one.

    Parameters
    ----------
    url, schema
        As :func:`planner.export.postgis.publish_plan` takes them.
    scenario
        Name of the scenario; it may be left out when only one was published.
    version
        Its version, by default the current one.

    Raises
    ------
    DatabaseError
        When there is no such plan, or the database can't be read.
    """
    check_schema_name(schema)
    engine = open_engine(url)
    with readable(engine, schema), engine.connect() as connection:
        # one snapshot for all the tables: a publisher may finish between two of them
        connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        plan = _find(connection, schema, scenario, version)
        kept = _columns(connection, schema)
        tables = {
            name: _read(connection, schema, name, kept[name], plan.plan_id)
            for name in CONTRACTS
            if name in kept
        }
    return PublishedPlan(
        scenario=plan.scenario,
        version=plan.version,
        is_current=plan.is_current,
        reference_date=plan.reference_date,
        content_sha256=plan.content_sha256,
        tables={name: frame for name, frame in tables.items() if len(frame)},
    )


def _find(connection: Connection, schema: str, scenario: str | None, version: int | None) -> Any:  # noqa: ANN401 (a row)
    import sqlalchemy as sa  # noqa: PLC0415 (the extra)

    if not sa.inspect(connection).has_table("plans", schema=schema):
        raise failure("nothing_published", schema=schema)
    names = ("plan_id", "scenario", "version", "is_current", "reference_date", "content_sha256")
    plans = sa.table("plans", *(sa.column(name) for name in names), schema=schema)
    asked = sa.select(plans)
    asked = asked.where(plans.c.is_current if version is None else plans.c.version == version)
    if scenario is not None:
        asked = asked.where(plans.c.scenario == scenario)
    found = connection.execute(asked.order_by(plans.c.scenario)).all()
    if not found:
        raise failure("nothing_published", schema=schema)
    if len(found) > 1:
        raise failure(
            "several_scenarios", schema=schema, names=", ".join(row.scenario for row in found)
        )
    return found[0]


def _columns(connection: Connection, schema: str) -> dict[str, dict[str, str]]:
    """Return the columns of each table and their types, in order."""
    rows = connection.exec_driver_sql(
        "SELECT c.table_name, c.column_name, c.data_type FROM information_schema.columns AS c "
        "JOIN information_schema.tables AS t USING (table_schema, table_name) "
        "WHERE c.table_schema = %s AND t.table_type = 'BASE TABLE' "
        "ORDER BY c.table_name, c.ordinal_position",
        (schema,),
    )
    found: dict[str, dict[str, str]] = {}
    for table, column, kind in rows:
        found.setdefault(table, {})[column] = kind
    return found


def _read(
    connection: Connection, schema: str, name: str, kinds: Mapping[str, str], plan_id: int
) -> pd.DataFrame:
    from psycopg import sql  # noqa: PLC0415 (the extra)

    columns = [column for column in kinds if column != "plan_id"]
    order = [*contract(name).key]
    statement = sql.SQL(
        "COPY (SELECT {} FROM {}.{} WHERE plan_id = {} ORDER BY {}) TO STDOUT "
        "(FORMAT csv, FORCE_QUOTE *)"
    ).format(
        sql.SQL(", ").join(map(sql.Identifier, columns)),
        sql.Identifier(schema),
        sql.Identifier(name),
        sql.Literal(plan_id),
        sql.SQL(", ").join(sql.SQL('{} COLLATE "C"').format(sql.Identifier(key))
                           if kinds[key] == "text" else sql.Identifier(key) for key in order),
    )  # fmt: skip
    driver: Any = connection.connection.driver_connection
    rows = io.BytesIO()
    with driver.cursor() as cursor, cursor.copy(statement) as copy:
        for chunk in copy:
            rows.write(chunk)
    if not rows.tell():
        return contract(name).empty()
    rows.seek(0)
    table = pyarrow.csv.read_csv(
        rows,
        read_options=pyarrow.csv.ReadOptions(column_names=columns),
        parse_options=pyarrow.csv.ParseOptions(newlines_in_values=True),
        convert_options=pyarrow.csv.ConvertOptions(
            column_types={name: _ARROW.get(kinds[name], pa.string()) for name in columns},
            strings_can_be_null=True, quoted_strings_can_be_null=False, null_values=[""],
            true_values=["t"], false_values=["f"],
        ),
    )  # fmt: skip
    return _frame(name, table)


def _frame(name: str, table: pa.Table) -> pd.DataFrame:
    """Return the frame that was published: a geometry, or x and y again."""
    hexes = None
    if "geom" in table.column_names:
        hexes = table["geom"].to_numpy()
        table = table.drop_columns(["geom"])
    frame: pd.DataFrame = table.to_pandas(
        date_as_object=False, integer_object_nulls=False, types_mapper=_nullable_integers(table)
    )
    if hexes is None:
        return frame
    shapes = shapely.from_wkb(hexes)
    if contract(name).geometry is not None:
        layer: pd.DataFrame = gpd.GeoDataFrame(
            frame, geometry=gpd.GeoSeries(shapes, crs=WORKING_CRS)
        )
        return layer
    return frame.assign(x_m=shapely.get_x(shapes), y_m=shapely.get_y(shapes))


def _nullable_integers(table: pa.Table) -> Any:  # noqa: ANN401 (what pyarrow calls for each type)
    """Keep whole numbers whole where some are absent."""
    absent = any(column.null_count for column in table.columns)

    def mapper(kind: pa.DataType) -> Any:  # noqa: ANN401 (an extension's type, or None)
        if kind == pa.int64() and absent:
            return pd.Int64Dtype()
        if kind == pa.bool_() and absent:
            return pd.BooleanDtype()
        return None

    return mapper
