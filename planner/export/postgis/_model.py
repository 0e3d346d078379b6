"""Tables of the database from the contracts: types, keys, references, comments, views."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import geoalchemy2
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from planner.contracts import Column
from planner.crs import WORKING_EPSG
from planner.export.layout import title_with_unit
from planner.schemas import contract
from planner.texts import say

__all__ = ["GEOMETRY", "PLANS", "REFERENCES", "make_model", "reference_order", "view_statements"]

PLANS: Final = "plans"
GEOMETRY: Final = "geom"
_TYPES: Final[Mapping[str, type[Any]]] = {
    "str": sa.Text,
    "int": sa.BigInteger,
    "float": sa.Double,
    "bool": sa.Boolean,
    "date": sa.Date,
}
REFERENCES: Final = (
    ("sectors", "zone_id", "zones", "zone_id"),
    ("premises", "sector_id", "sectors", "sector_id"),
    ("sector_shares", "sector_id", "sectors", "sector_id"),
    ("programme", "sector_id", "sectors", "sector_id"),
    ("costs", "sector_id", "sectors", "sector_id"),
    ("schedule", "sector_id", "sectors", "sector_id"),
)
"""References that a plan keeps by its making.  A ballot may name a sector that isn't there, a state
a premise that isn't: these are findings, not refusals."""


def make_model(
    schema: str, tables: Mapping[str, tuple[Column, ...]], *, kinds: Mapping[str, str], lang: str
) -> sa.MetaData:
    """Return the tables of a schema.

    Parameters
    ----------
    schema
        Name of the schema; quoted wherever it stands.
    tables
        Table name to its columns, without the geometry.
    kinds
        Table name to its kind of geometry, ``MULTIPOLYGON`` for example.
    lang
        Language of the comments.
    """
    model = sa.MetaData(schema=schema)
    _plans(model, lang)
    for name in sorted(tables, key=reference_order):
        _table(model, name, tables[name], kinds.get(name), set(tables), lang)
    return model


def reference_order(name: str) -> tuple[int, str]:
    """Return the place of a table among the others: what others refer to comes first."""
    parents = ("zones", "sectors")
    return (parents.index(name) if name in parents else len(parents), name)


def _plans(model: sa.MetaData, lang: str) -> sa.Table:
    def about(key: str) -> str:
        return say(f"postgis.plans_{key}", lang)

    return sa.Table(
        PLANS,
        model,
        sa.Column("plan_id", sa.BigInteger, sa.Identity(), primary_key=True, comment=about("id")),
        sa.Column("scenario", sa.Text, nullable=False, comment=about("scenario")),
        sa.Column("version", sa.Integer, nullable=False, comment=about("version")),
        sa.Column("is_current", sa.Boolean, nullable=False, comment=about("is_current")),
        sa.Column("title", sa.Text, nullable=False, comment=about("title")),
        sa.Column("territory", sa.Text, nullable=False, comment=about("territory")),
        sa.Column("status", sa.Text, nullable=False, comment=about("status")),
        sa.Column("reference_date", sa.Date, nullable=False, comment=about("reference_date")),
        sa.Column("synthetic", sa.Text, nullable=False, comment=about("synthetic")),
        sa.Column("scenario_sha256", sa.Text, nullable=False, comment=about("scenario_sha256")),
        sa.Column("content_sha256", sa.Text, nullable=False, comment=about("content_sha256")),
        sa.Column("question", postgresql.JSONB, nullable=False, comment=about("question")),
        sa.Column("rows", postgresql.JSONB, nullable=False, comment=about("rows")),
        sa.Column(
            "published_at", sa.DateTime(timezone=True), nullable=False,
            server_default=sa.func.now(), comment=about("published_at"),
        ),
        sa.UniqueConstraint("scenario", "version"),
        sa.Index(
            "plans_one_current", "scenario", unique=True, postgresql_where=sa.text("is_current")
        ),
        comment=about("about"),
    )  # fmt: skip


def _table(
    model: sa.MetaData,
    name: str,
    columns: tuple[Column, ...],
    kind: str | None,
    present: set[str],
    lang: str,
) -> None:
    table = contract(name)
    loose = any(column.nullable for column in columns if column.name in table.key)
    items: list[Any] = [
        sa.Column("plan_id", sa.BigInteger, nullable=False, primary_key=not loose,
                  comment=say("postgis.plans_id", lang)),
        # by its object: the name of the schema may hold a dot
        sa.ForeignKeyConstraint(
            ["plan_id"], [model.tables[_key(model, PLANS)].c.plan_id], ondelete="CASCADE"
        ),
    ]  # fmt: skip
    for column in columns:
        own = column.name in table.key
        joined = column.name not in table.column_names  # a left join leaves gaps
        items.append(
            sa.Column(
                column.name, _TYPES[column.type](), nullable=column.nullable or joined,
                primary_key=own and not loose, comment=_comment(column, lang),
                autoincrement=False,
            )
        )  # fmt: skip
        items += _checks(column)
    if loose:  # a key that may be absent: nulls are equal
        items.append(sa.UniqueConstraint("plan_id", *table.key, postgresql_nulls_not_distinct=True))
    for child, theirs, parent, key in REFERENCES:
        if child == name and parent in present:
            goal = model.tables[_key(model, parent)]
            items.append(
                sa.ForeignKeyConstraint(["plan_id", theirs], [goal.c.plan_id, goal.c[key]])
            )
            items.append(sa.Index(f"{name}_{theirs}", "plan_id", theirs))
    if kind is not None:
        items.append(
            sa.Column(
                GEOMETRY,
                geoalchemy2.Geometry(kind, srid=WORKING_EPSG, spatial_index=True),
                nullable=name == "premises",
                comment=say("postgis.geometry", lang),
            )
        )
    sa.Table(name, model, *items, comment=f"{table.titled(lang)}. {table.described(lang)}.")


def _key(model: sa.MetaData, name: str) -> str:
    return next(key for key, table in model.tables.items() if table.name == name)


def _comment(column: Column, lang: str) -> str:
    words = f"{title_with_unit(column, lang)}. {column.described(lang)}".strip(". ")
    return f"{words}." if words else column.name


def _checks(column: Column) -> list[sa.CheckConstraint]:
    """Return what the contract says of the values, as the database can hold it."""
    own: sa.ColumnElement[Any] = sa.column(column.name)
    checks = []
    if column.terms is not None:
        codes = [sa.literal(code, literal_execute=True) for code in column.terms.codes()]
        checks.append(sa.CheckConstraint(own.in_(codes)))
    if column.minimum is not None:
        checks.append(sa.CheckConstraint(own >= sa.literal_column(repr(column.minimum))))
    if column.maximum is not None:
        checks.append(sa.CheckConstraint(own <= sa.literal_column(repr(column.maximum))))
    return checks


_EPCI_SECTORS: Final = """
CREATE OR REPLACE VIEW {schema}.epci_sectors AS
SELECT plan.scenario, share.epci_siren, epci.nom AS epci, sector.sector_id, sector.nom,
       share.premises_count AS premises_in_epci_count, sector.premises_count, choice.phase,
       choice.decision, choice.reason, work.quarter, cost.cost_cents, sector.geom
FROM {schema}.plans AS plan
JOIN {schema}.sector_shares AS share USING (plan_id)
JOIN {schema}.sectors AS sector USING (plan_id, sector_id)
JOIN {schema}.programme AS choice USING (plan_id, sector_id)
LEFT JOIN {schema}.costs AS cost USING (plan_id, sector_id)
LEFT JOIN {schema}.schedule AS work USING (plan_id, sector_id)
LEFT JOIN {schema}.epci AS epci
       ON epci.plan_id = plan.plan_id AND epci.siren = share.epci_siren
WHERE plan.is_current
"""
_EPCI_PROGRAMME: Final = """
CREATE OR REPLACE VIEW {schema}.epci_programme AS
SELECT plan.scenario, share.epci_siren, epci.nom AS epci, choice.phase,
       count(*) AS sectors_count, sum(share.premises_count)::bigint AS premises_in_epci_count,
       min(work.quarter) AS first_quarter, max(work.quarter) AS last_quarter, epci.geom
FROM {schema}.plans AS plan
JOIN {schema}.sector_shares AS share USING (plan_id)
JOIN {schema}.programme AS choice USING (plan_id, sector_id)
LEFT JOIN {schema}.schedule AS work USING (plan_id, sector_id)
LEFT JOIN {schema}.epci AS epci
       ON epci.plan_id = plan.plan_id AND epci.siren = share.epci_siren
WHERE plan.is_current
GROUP BY plan.scenario, share.epci_siren, epci.nom, choice.phase, epci.geom
"""
_EPCI_AXE3: Final = """
CREATE OR REPLACE VIEW {schema}.epci_axe3 AS
SELECT plan.scenario, epci.siren AS epci_siren, epci.nom AS epci, figures.requests_count,
       figures.eligible_count, figures.not_eligible_count, figures.undecided_count,
       figures.accepted_count, figures.in_service_count, figures.cost_cents,
       figures.funded_cents, epci.geom
FROM {schema}.plans AS plan
JOIN {schema}.axe3_figures AS figures USING (plan_id)
JOIN {schema}.epci AS epci ON epci.plan_id = plan.plan_id AND epci.siren = figures.code
WHERE plan.is_current AND figures.level = 'epci'
"""
_EPCI_SLIPPAGE: Final = """
CREATE OR REPLACE VIEW {schema}.epci_slippage AS
SELECT plan.scenario, late.siren AS epci_siren, late.nom AS epci, late.quarter,
       late.planned_count, late.actual_count, late.late_count, late.late_quarters,
       late.promised_quarter, late.done_quarter, late.take_up_share, late.breach_count,
       late.first_breach_on, late.geom
FROM {schema}.plans AS plan
JOIN {schema}.epci_follow_up AS late USING (plan_id)
WHERE plan.is_current
"""
_SECTOR_SLIPPAGE: Final = """
CREATE OR REPLACE VIEW {schema}.sector_slippage AS
SELECT plan.scenario, late.sector_id, late.nom, late.epci_siren, epci.nom AS epci, late.quarter,
       late.promised_quarter, late.planned_count, late.actual_count, late.late_count,
       late.late_quarters, late.reasons, late.opening_state, late.take_up_share, late.geom
FROM {schema}.plans AS plan
JOIN {schema}.sector_follow_up AS late USING (plan_id)
LEFT JOIN {schema}.epci AS epci
       ON epci.plan_id = plan.plan_id AND epci.siren = late.epci_siren
WHERE plan.is_current
"""
_COMPLETENESS_RISK: Final = """
CREATE OR REPLACE VIEW {schema}.completeness_risk AS
SELECT plan.scenario, area.rank, area.pm_id, area.sector_id, area.epci_siren, epci.nom AS epci,
       area.available_on, area.deadline, area.missing_count, area.needed_per_quarter,
       area.seen_per_quarter, area.done_on, area.verdict, sector.geom
FROM {schema}.plans AS plan
JOIN {schema}.completeness AS area USING (plan_id)
LEFT JOIN {schema}.sectors AS sector
       ON sector.plan_id = plan.plan_id AND sector.sector_id = area.sector_id
LEFT JOIN {schema}.epci AS epci
       ON epci.plan_id = plan.plan_id AND epci.siren = area.epci_siren
WHERE plan.is_current AND area.verdict IN ('breached', 'will_breach')
ORDER BY plan.scenario, area.rank
"""
_EPCI_TAKE_UP: Final = """
CREATE OR REPLACE VIEW {schema}.epci_take_up AS
SELECT plan.scenario, sold.code AS epci_siren, epci.nom AS epci, sold.operator, sold.quarter,
       sold.connected_count, sold.connectable_count, sold.take_up_share, sold.referential,
       sold.referential_rule, epci.geom
FROM {schema}.plans AS plan
JOIN {schema}.take_up AS sold USING (plan_id)
JOIN {schema}.epci AS epci ON epci.plan_id = plan.plan_id AND epci.siren = sold.code
WHERE plan.is_current AND sold.level = 'epci'
"""
_VIEWS: Final = (
    _EPCI_SECTORS, _EPCI_PROGRAMME, _EPCI_AXE3, _EPCI_SLIPPAGE, _SECTOR_SLIPPAGE,
    _COMPLETENESS_RISK, _EPCI_TAKE_UP,
)  # fmt: skip


def view_statements(quoted_schema: str) -> tuple[str, ...]:
    """Return the statements that make the views by EPCI of the current plan of each scenario."""
    return tuple(statement.replace("{schema}", quoted_schema) for statement in _VIEWS)
