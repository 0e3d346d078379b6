"""The tables of a package: each with what a person needs beside it to read the map."""

from __future__ import annotations

from typing import Any, Final

import geopandas as gpd
import pandas as pd

from planner.crs import WORKING_CRS
from planner.plan import Plan
from planner.schemas import contract
from planner.vocab import Level

__all__ = ["package_tables"]

_COUNTED: Final = ("premises_count", "denominator_count", "serviceable_count", "coverage_rate")
_BALANCE: Final = (
    "ballot_due", "deliberation", "voted_on", "unit", "granted", "used", "lines_phase_1",
    "lines_phase_2", "lines_phase_3", "net_cents",
)  # fmt: skip
_PLACES: Final = (
    ("region", "code", Level.REGION),
    ("departements", "code", Level.DEPARTEMENT),
    ("epci", "siren", Level.EPCI),
    ("communes", "insee", Level.COMMUNE),
    ("zones", "zone_id", Level.ZONE),
    ("sectors", "sector_id", Level.SECTOR),
)
_DRAWN_BY: Final = (
    ("sector_id", "sectors", "sector_id"),
    ("zone_id", "zones", "zone_id"),
    ("epci_siren", "epci", "siren"),
    ("insee", "communes", "insee"),
)
"""Key of a further table, and the layer and key of the places whose geometry it gets."""


def package_tables(plan: Plan, *, lang: str = "fr") -> dict[str, pd.DataFrame]:
    """Return the tables of a plan as GIS staff want them.

    Places bear their coverage, EPCI their vote, sectors their phase, year and cost; the programme
    and the findings have the geometry of what they are about, the villes moyennes a point.  Every
    column of the contracts stays as it is; what is joined comes after.  A table of ``plan.more`` of
    one row a sector, zone, EPCI or commune gets the geometry of that place.

    Parameters
    ----------
    plan
        A plan; it is left as it is.
    lang
        Language of the sentences in tables.
    """
    tables = plan.tables(lang)
    if "premises" in tables:
        tables["premises"] = plan.premises_layer()
    for name, key, level in _PLACES:
        if name in tables and "coverage" in tables:
            tables[name] = _joined(tables[name], _rates(tables["coverage"], level), key)
    if "epci" in tables and "balances" in tables:
        balances = tables["balances"].rename(columns={"epci_siren": "siren"})
        tables["epci"] = _joined(tables["epci"], balances[["siren", *_BALANCE]], "siren")
    if "zones" in tables:
        tables["zones"] = _joined(tables["zones"], _main_epci(tables), "zone_id")
    answers = _answers(tables)
    tables["sectors"] = _joined(tables["sectors"], answers, "sector_id")
    tables["programme"] = _drawn_programme(tables, answers)
    if "villes_moyennes" in tables:
        tables["villes_moyennes"] = _towns(tables["villes_moyennes"], tables["communes"])
    if "findings" in tables:
        tables["findings"] = _placed(tables["findings"], tables)
    for name in plan.more:
        if name in tables:
            tables[name] = _drawn(name, tables[name], tables)
    return tables


def _drawn(name: str, frame: pd.DataFrame, tables: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """Give a table of one row a place the geometry of that place, so that it draws alone."""
    table = contract(name)
    if table.geometry is not None or isinstance(frame, gpd.GeoDataFrame):
        return frame
    place = next((place for place in _DRAWN_BY if table.key == (place[0],)), None)
    if place is None or place[1] not in tables:
        return frame
    field, layer, key = place
    shapes = tables[layer][[key, "geometry"]].rename(columns={key: field})
    merged = frame.merge(shapes, on=field, how="left", validate="one_to_one")
    drawn: pd.DataFrame = gpd.GeoDataFrame(merged, geometry="geometry", crs=WORKING_CRS)
    return drawn


def _joined(frame: Any, more: pd.DataFrame, key: str) -> Any:  # noqa: ANN401 (either kind of frame)
    """Add the columns of ``more`` that ``frame`` hasn't."""
    new = [column for column in more.columns if column == key or column not in frame.columns]
    return frame.merge(more[new], on=key, how="left", validate="one_to_one")


def _rates(coverage: pd.DataFrame, level: Level) -> pd.DataFrame:
    key = next(key for _, key, one in _PLACES if one is level)
    rows = coverage[coverage["level"].astype("str") == level.value]
    return rows[["code", *_COUNTED]].rename(columns={"code": key})


def _main_epci(tables: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """Return the EPCI where each zone has the most premises; of two alike, the first SIREN."""
    sectors = tables["sectors"].dropna(subset=["zone_id", "epci_siren"])
    weights = sectors.groupby(["zone_id", "epci_siren"])["premises_count"].sum().reset_index()
    ordered = weights.sort_values(
        ["zone_id", "premises_count", "epci_siren"], ascending=[True, False, True]
    )
    return ordered.drop_duplicates("zone_id")[["zone_id", "epci_siren"]]


def _answers(tables: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """Return what the plan answers for each sector."""
    answers = tables["programme"][["sector_id", "phase", "tranche", "decision"]]
    if "schedule" in tables:
        years = tables["schedule"][["sector_id", "quarter", "year"]].astype({"year": "Int64"})
        answers = answers.merge(years, on="sector_id", how="left", validate="one_to_one")
    if "costs" in tables:
        costs = tables["costs"][["sector_id", "unit_cost_cents", "cost_cents"]]
        answers = answers.merge(costs, on="sector_id", how="left", validate="one_to_one")
    return answers


def _drawn_programme(tables: dict[str, pd.DataFrame], answers: pd.DataFrame) -> gpd.GeoDataFrame:
    """Return the programme with the geometry of its sectors, so that it draws alone."""
    sectors = tables["sectors"]
    context = [
        name
        for name in ("nom", "insee", "zone_id", "coverage_rate", "geometry")
        if name in sectors.columns
    ]
    frame = _joined(tables["programme"], answers, "sector_id").merge(
        sectors[["sector_id", *context]], on="sector_id", how="left", validate="one_to_one"
    )
    return gpd.GeoDataFrame(frame, geometry="geometry", crs=WORKING_CRS)


def _towns(towns: pd.DataFrame, communes: pd.DataFrame) -> gpd.GeoDataFrame:
    places = communes.set_index("insee")[["bourg_x_m", "bourg_y_m"]].reindex(towns["insee"])
    points = gpd.points_from_xy(places["bourg_x_m"], places["bourg_y_m"])
    return gpd.GeoDataFrame(towns.copy(), geometry=points, crs=WORKING_CRS)


def _placed(findings: pd.DataFrame, tables: dict[str, pd.DataFrame]) -> gpd.GeoDataFrame:
    """Put each finding at a point of the place it names; one of no place has no point."""
    points: dict[str, Any] = {}
    for name, key, _ in _PLACES:
        if name in tables:
            shapes = gpd.GeoSeries(tables[name].geometry).representative_point()
            points |= dict(zip(tables[name][key].astype("str"), shapes, strict=True))
    where = [points.get(str(place)) for place in findings["place"]]
    return gpd.GeoDataFrame(findings.copy(), geometry=gpd.GeoSeries(where, crs=WORKING_CRS).values)
