"""All the outputs of a plan in one folder: map, GeoPackage, tables, manifest last."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from planner.export.folder import replacing_folder
from planner.export.geopackage import write_geopackage
from planner.export.layout import Edition, Written
from planner.export.manifest import territory_totals, write_manifest
from planner.export.map import write_map
from planner.export.qgis import layer_styles, package_tables
from planner.export.tables import write_csv_tables
from planner.export.workbook import write_workbook
from planner.plan import Plan
from planner.progress import Notify, stage, unheard

__all__ = ["MAP_NAME", "TABLES_FOLDER", "write_plan"]

MAP_NAME = "carte.html"
TABLES_FOLDER = "tables"


def write_plan(
    plan: Plan, folder: str | Path, *, lang: str = "fr", notify: Notify = unheard
) -> tuple[Path, ...]:
    """Write every output of a plan; a new run takes the place of the old one at the end.

    Parameters
    ----------
    plan
        What to write.
    folder
        Folder of the outputs: missing, empty, or written by an earlier run.  Killed at any moment,
        the old outputs or the new ones are whole.
    lang
        Language of what a person reads.
    notify
        Told the name of each stage as it begins.

    Returns
    -------
    tuple of Path
        The outputs, the manifest last.

    Raises
    ------
    PlannerError
        When the folder holds something else, is being written by another run, or can't be written.
    """
    scenario, territory = plan.scenario, plan.territory
    edition = Edition(
        title=scenario.title,
        scenario=scenario.name,
        territory=territory.title,
        on=scenario.reference_date,
    )
    tables = _tables(plan, lang)
    with replacing_folder(folder) as building:
        with stage(notify, "stage.write_map"):
            write_map(building / MAP_NAME, plan, lang=lang)
        written = [Written(path=MAP_NAME)]
        with stage(notify, "stage.write_geopackage"):
            layers = package_tables(plan, lang=lang)
            written.append(
                write_geopackage(
                    building / f"{scenario.name}.gpkg",
                    layers,
                    edition=edition,
                    origins=territory.origins,
                    styles=layer_styles(layers, origins=territory.origins, lang=lang),
                    lang=lang,
                )
            )
        with stage(notify, "stage.write_tables"):
            written += write_csv_tables(building / TABLES_FOLDER, tables, lang=lang)
            book = building / f"{scenario.name}.xlsx"
            written.append(
                write_workbook(book, tables, edition=edition, origins=territory.origins, lang=lang)
            )
        with stage(notify, "stage.write_manifest"):
            write_manifest(
                building,
                edition=edition,
                scenario=scenario.canonical(),
                lang=lang,
                origins=territory.origins,
                written=written,
                totals=territory_totals(tables),
            )
    names = [MAP_NAME, f"{scenario.name}.gpkg", f"{scenario.name}.xlsx", TABLES_FOLDER]
    return tuple(Path(folder) / name for name in (*names, "manifest.json"))


def _tables(plan: Plan, lang: str) -> dict[str, pd.DataFrame]:
    """Return the plan's tables, the premises with their phase and state, sectors with theirs."""
    tables = plan.tables(lang)
    if "premises" in tables:
        tables["premises"] = plan.premises_layer()
    joined = plan.programme.table[["sector_id", "phase", "tranche", "decision"]]
    if len(plan.schedule):
        joined = joined.merge(plan.schedule[["sector_id", "quarter"]], on="sector_id", how="left")
    tables["sectors"] = tables["sectors"].merge(joined, on="sector_id", validate="one_to_one")
    return tables
