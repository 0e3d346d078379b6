"""One export of a plan in one format, in a folder swapped whole, its manifest last."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path

from planner.export.doors.geo import write_flatgeobuf, write_geoparquet
from planner.export.doors.metadata import Contact, write_metadata
from planner.export.doors.topojson import write_topojson
from planner.export.folder import replacing_folder
from planner.export.gracethd import write_gracethd
from planner.export.layout import Edition, Written
from planner.export.manifest import MANIFEST, territory_totals, write_manifest
from planner.export.qgis import package_tables
from planner.export.tables import write_csv_tables
from planner.export.workbook import write_workbook
from planner.plan import Plan

__all__ = ["Format", "write_export"]


class Format(StrEnum):
    """The formats of ``planner export``."""

    GRACETHD = "gracethd"
    GEOPARQUET = "geoparquet"
    FLATGEOBUF = "flatgeobuf"
    TOPOJSON = "topojson"
    CSV = "csv"
    XLSX = "xlsx"
    METADATA = "metadata"


_NOBODY = Contact()


def write_export(
    plan: Plan,
    folder: str | Path,
    form: Format,
    *,
    premises: bool = True,
    contact: Contact = _NOBODY,
    lang: str = "fr",
) -> tuple[Path, ...]:
    """Write a plan in one format; a new export takes the place of the old one at the end.

    Parameters
    ----------
    plan
        What to write.
    folder
        Folder of this export: missing, empty, or written by an earlier one.
    form
        The format.
    premises
        Whether premises go out, in the formats that hold them.
    contact
        Who answers for the datasets, in their metadata.
    lang
        Language of what a person reads.

    Returns
    -------
    tuple of Path
        The files, the manifest last.

    Raises
    ------
    PlannerError
        When the folder holds something else, can't be written, or the format can't hold a table.
    """
    scenario, territory = plan.scenario, plan.territory
    edition = Edition(
        title=scenario.title, scenario=scenario.name, territory=territory.title,
        on=scenario.reference_date,
    )  # fmt: skip
    tables = package_tables(plan, lang=lang)
    if not premises:
        tables = {n: t for n, t in tables.items() if n not in {"premises", "state_changes"}}
    with replacing_folder(folder) as building:
        written: list[Written]
        match form:
            case Format.GRACETHD:
                written = write_gracethd(building, plan, premises=premises, lang=lang)
            case Format.GEOPARQUET:
                written = write_geoparquet(building, tables, lang=lang)
            case Format.FLATGEOBUF:
                written = write_flatgeobuf(building, tables, lang=lang)
            case Format.TOPOJSON:
                written = [write_topojson(building / f"{scenario.name}.topojson", tables)]
            case Format.CSV:
                written = write_csv_tables(building / "tables", tables, lang=lang)
            case Format.XLSX:
                book = building / f"{scenario.name}.xlsx"
                written = [
                    write_workbook(
                        book, tables, edition=edition, origins=territory.origins, lang=lang
                    )
                ]
            case Format.METADATA:
                written = write_metadata(
                    building, tables, edition=edition, origins=territory.origins,
                    contact=contact, lang=lang,
                )  # fmt: skip
        write_manifest(
            building, edition=edition, scenario=scenario.canonical(), lang=lang,
            origins=territory.origins, written=written, totals=territory_totals(tables),
        )  # fmt: skip
    return tuple(Path(folder) / name for name in (*(item.path for item in written), MANIFEST))
