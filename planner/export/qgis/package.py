"""The package for GIS staff: one folder, and the same in a ZIP, ready to open in QGIS."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

import pandas as pd

from planner.export.folder import replacing_folder
from planner.export.geopackage import write_geopackage
from planner.export.layout import Edition, Written, made_up
from planner.export.manifest import territory_totals, write_manifest
from planner.export.qgis.forms import EDITABLE
from planner.export.qgis.project import embed_project, project_document, zipped_project
from planner.export.qgis.qml import layer_styles
from planner.export.qgis.tables import package_tables
from planner.export.qgis.tree import themes_of
from planner.plan import Plan
from planner.progress import Notify, stage, unheard
from planner.provenance import Origin
from planner.quality import check_quality
from planner.schemas import CONTRACTS, contract
from planner.texts import number, say

__all__ = ["CHECKSUMS", "READ_ME", "write_package"]

READ_ME: Final = "LISEZMOI.txt"
CHECKSUMS: Final = "SHA256SUMS"
_DEFINITIONS: Final = ("premise", "sector", "zone", "phases", "serviceable", "rate", "absent")
_ZIP_DATE: Final = (1980, 1, 1, 0, 0, 0)  # the first that a ZIP can hold: no file has a time
_ZIP_LEVEL: Final = 1  # a GeoPackage of two million points: higher levels cost more than they save
_PIECE: Final = 1 << 20
_WIDTH: Final = 96


def write_package(
    plan: Plan, folder: str | Path, *, lang: str = "fr", notify: Notify = unheard
) -> tuple[Path, ...]:
    """Write a plan as a package that opens styled in QGIS; a new one takes the place of the old.

    The folder holds a GeoPackage with its styles and an embedded project, the same project as
    ``.qgz``, a read-me, the checksums and the manifest.  Beside the folder stands its ZIP.  Nothing
    of it needs QGIS to be written, and two runs give the same bytes.

    Parameters
    ----------
    plan
        What to write.
    folder
        Folder of the package: missing, empty, or written by an earlier run.
    lang
        Language of what a person reads.
    notify
        Told the name of each stage as it begins.

    Returns
    -------
    tuple of Path
        The files, the manifest last but one, and the ZIP.

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
    name = scenario.name
    tables = package_tables(plan, lang=lang)
    with stage(notify, "stage.quality"):
        tables |= check_quality(territory, plan).tables(lang)
    place = Path(folder)
    with replacing_folder(place) as building:
        package = building / f"{name}.gpkg"
        with stage(notify, "stage.write_geopackage"):
            styles = layer_styles(tables, origins=territory.origins, lang=lang)
            written = write_geopackage(
                package,
                tables,
                edition=edition,
                origins=territory.origins,
                styles=styles,
                lang=lang,
            )
        with stage(notify, "stage.write_project"):
            document = project_document(
                tables,
                package_name=package.name,
                edition=edition,
                origins=territory.origins,
                lang=lang,
            )
            embed_project(package, document, name=name, edition=edition)
            (building / f"{name}.qgz").write_bytes(zipped_project(document, name))
        with stage(notify, "stage.write_manifest"):
            words = "\n".join(_read_me(plan, edition, tables, lang))
            (building / READ_ME).write_text(words, encoding="utf-8", newline="\r\n")
            _write_checksums(building)
            write_manifest(
                building,
                edition=edition,
                scenario=scenario.canonical(),
                lang=lang,
                origins=territory.origins,
                written=[written, Written(path=f"{name}.qgz"), Written(path=READ_ME)],
                totals=territory_totals(tables),
            )
    archive = place.with_name(f"{place.name}.zip")
    with stage(notify, "stage.write_zip"):
        _write_zip(place, archive, name=name)
    files = (f"{name}.gpkg", f"{name}.qgz", READ_ME, CHECKSUMS, "manifest.json")
    return (*(place / file for file in files), archive)


def _write_checksums(folder: Path) -> None:
    """Write what ``sha256sum -c`` reads."""
    lines = []
    for path in sorted(folder.iterdir()):
        with path.open("rb") as file:
            lines.append(f"{hashlib.file_digest(file, 'sha256').hexdigest()}  {path.name}\n")
    (folder / CHECKSUMS).write_text("".join(lines), encoding="utf-8", newline="\n")


def _write_zip(folder: Path, archive: Path, *, name: str) -> None:
    """Write a folder as a ZIP, whole or not at all, with no time and no user in it."""
    with tempfile.TemporaryDirectory(prefix=".planner-", dir=archive.parent) as temporary:
        unfinished = Path(temporary) / archive.name
        with zipfile.ZipFile(
            unfinished, "w", zipfile.ZIP_DEFLATED, compresslevel=_ZIP_LEVEL
        ) as zip_:
            for path in sorted(folder.iterdir()):
                entry = zipfile.ZipInfo(f"{name}/{path.name}", date_time=_ZIP_DATE)
                entry.compress_type = zipfile.ZIP_DEFLATED
                entry.create_system, entry.external_attr = 3, 0o644 << 16
                with path.open("rb") as source, zip_.open(entry, "w", force_zip64=True) as target:
                    shutil.copyfileobj(source, target, _PIECE)
        unfinished.replace(archive)


def _read_me(
    plan: Plan, edition: Edition, tables: Mapping[str, pd.DataFrame], lang: str
) -> Iterator[str]:
    name, origins = edition.scenario, plan.territory.origins
    marks = made_up(tables, origins)
    yield edition.title
    yield "=" * len(edition.title)
    yield say("export.read_me_about", lang, territory=edition.territory, on=edition.on)
    if any(marks.values()):
        yield ""
        yield say("qgis.read_me_synthetic", lang)
    yield from _section("qgis.read_me_open", lang)
    yield say("qgis.read_me_how", lang, project=f"{name}.qgz", package=f"{name}.gpkg")
    yield from (f"  - {theme.title.say(lang)}" for theme in themes_of(tables))
    yield from _section("qgis.read_me_edit", lang)
    yield say("qgis.read_me_editing", lang)
    for table, fields in EDITABLE.items():
        if table in tables:
            words = ", ".join(contract(table).column(field).titled(lang) for field in fields)
            yield f"  - {contract(table).titled(lang)} ({table}) : {words}"
    yield from _section("qgis.read_me_layers", lang)
    for table in CONTRACTS:
        if table in tables:
            mark = marks[table]
            said = "" if mark is None else f" ({mark.say(lang)})"
            rows = number(len(tables[table]), lang)
            yield f"  {table} : {contract(table).titled(lang)}{said}, {rows}"
            yield f"      {contract(table).described(lang)}"
    yield from _section("export.definitions", lang)
    for word in _DEFINITIONS:
        yield f"  {say(f'export.word_{word}', lang)} : {say(f'export.meaning_{word}', lang)}"
    yield f"  {say('export.word_euros', lang)} : {say('qgis.read_me_cents', lang)}"
    yield from _section("export.sources", lang)
    yield from (f"  - {_told(origin, lang)}" for origin in sorted(origins, key=lambda o: o.layer))
    yield from _section("qgis.read_me_files", lang)
    yield say("qgis.read_me_checking", lang, checksums=CHECKSUMS)
    yield ""


def _told(origin: Origin, lang: str) -> str:
    parts = [origin.title, origin.source, origin.licence, origin.vintage, origin.attribution]
    if origin.synthetic:
        parts.append(say("export.synthetic", lang))
    return " ; ".join(part for part in parts if part)


def _section(key: str, lang: str) -> Iterator[str]:
    title = say(key, lang)
    yield ""
    yield title
    yield "-" * len(title)
