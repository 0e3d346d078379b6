"""All the outputs of a plan in one folder: map, GeoPackage, tables, manifest last."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from planner.errors import PlannerError
from planner.export.folder import replacing_folder
from planner.export.follow_up import follow_up_text, place_names, write_curves
from planner.export.geopackage import write_geopackage
from planner.export.layout import Edition, Written
from planner.export.manifest import territory_totals, write_manifest
from planner.export.map import write_map
from planner.export.qgis import layer_styles, package_tables
from planner.export.tables import write_csv_tables
from planner.export.workbook import write_workbook
from planner.io.finished import read_finished_plan
from planner.plan import Plan
from planner.progress import Notify, stage, unheard
from planner.texts import Message, say

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
    extra: tuple[str, ...] = ()
    edition = Edition(
        title=scenario.title,
        scenario=scenario.name,
        territory=territory.title,
        on=scenario.reference_date,
    )
    tables = _tables(plan, lang)
    _keep_baseline(plan, Path(folder))
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
        if "slippage" in plan.more:
            with stage(notify, "stage.write_follow_up"):
                extra = _write_follow_up(plan, building, lang)
            written += [Written(path=name) for name in extra]
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
    names = [
        MAP_NAME, f"{scenario.name}.gpkg", f"{scenario.name}.xlsx", TABLES_FOLDER, *extra,
    ]  # fmt: skip
    return tuple(Path(folder) / name for name in (*names, "manifest.json"))


def _keep_baseline(plan: Plan, folder: Path) -> None:
    """Refuse to write over the outputs that follow another frozen programme.

    Raises
    ------
    PlannerError
        When the folder holds another baseline.
    """
    frozen = plan.more.get("baseline")
    if frozen is None or not (folder / "manifest.json").is_file():
        return
    before = read_finished_plan(folder).tables.get("baseline")
    if before is None:
        return
    mine, theirs = (
        frame[["sector_id", "quarter", "premises_count"]].astype(str).sort_values("sector_id")
        for frame in (frozen, before)
    )
    if mine.to_numpy().tolist() != theirs.to_numpy().tolist():
        raise PlannerError(
            Message.of("follow_up.other_baseline", folder=str(folder)),
            Message.of("follow_up.other_baseline_remedy"),
        )


def _write_follow_up(plan: Plan, building: Path, lang: str) -> tuple[str, ...]:
    """Write the curves and the words of an adopted programme."""
    curves = write_curves(
        building,
        plan.more["progress_curve"],
        names=place_names(plan),
        title=say("follow_up.figure_title", lang, title=plan.scenario.title),
        synthetic=any(origin.synthetic for origin in plan.territory.origins),
        lang=lang,
    )
    text = building / say("follow_up.text_file", lang)
    text.write_text(follow_up_text(plan, lang=lang), encoding="utf-8", newline="\n")
    return (*(path.name for path in curves), text.name)


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
