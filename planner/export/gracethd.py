"""A plan as a GraceTHD 2.0 delivery: Shapefiles and CSV that its users load as they are.

Names and codes are the model's, references resolve, texts are UTF-8 and say so.  What the plan does
not know stays empty, and what stands for it (a PM without a designed network) says so in its
comment and in the read-me.  What was written is read back before it takes its place.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import fiona
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyogrio
import shapely

from planner.crs import is_working_crs
from planner.export.gracethd_layer import GraceLayer
from planner.export.gracethd_rows import plan_layers
from planner.export.layout import Written
from planner.export.shapefile import Field, ShapefileError, ShapeKind, write_shapefile
from planner.io.gracethd_model import COLUMNS, WRITTEN_KEYS, WRITTEN_REFERENCES
from planner.plan import Plan
from planner.schemas import CONTRACTS
from planner.texts import Message, say

__all__ = ["check_gracethd", "gracethd_notes", "write_gracethd"]

READ_ME: Final = "LISEZMOI.txt"
_TYPES: Final = {"C": pa.string(), "N": pa.int64(), "F": pa.float64(), "D": pa.date32()}
_KINDS: Final[Mapping[int, ShapeKind]] = {
    0: "Point", 1: "LineString", 5: "LineString", 3: "Polygon", 6: "Polygon"
}  # fmt: skip


def write_gracethd(
    folder: str | Path, plan: Plan, *, premises: bool = True, lang: str = "fr"
) -> list[Written]:
    """Write a plan as GraceTHD tables, then check them by reading them back.

    Parameters
    ----------
    folder
        Where the files go; it is made when it is missing.
    plan
        What to write.  ``t_znro``, ``t_zsro``, ``t_zdep``, ``t_noeud``, ``t_cheminement`` (when the
        plan has ``infrastructure`` or ``routes`` in ``more``) and ``t_adresse`` are Shapefiles;
        ``t_sitetech``, ``t_suf``, ``t_ptech``, ``t_conduite``, ``t_cond_chem``, ``t_organisme``
        and, of a designed network, ``t_cable``, ``t_cab_cond`` and ``t_ebp`` are CSV; its
        ``t_cableline`` is a Shapefile.
    premises
        Whether ``t_adresse`` and ``t_suf`` go out.
    lang
        Language of comments and of the read-me.

    Returns
    -------
    list of Written
        Files and their rows, relative to ``folder``.

    Raises
    ------
    ShapefileError
        When a table doesn't fit in a Shapefile, or isn't read back as it was written.
    """
    place = Path(folder)
    place.mkdir(parents=True, exist_ok=True)
    layers = plan_layers(plan, premises=premises, lang=lang)
    on = plan.scenario.reference_date
    written = []
    for name, layer in sorted(layers.items()):
        if layer.shapes is None:
            _write_csv(place / f"{name}.csv", name, layer.frame)
            written.append(Written(path=f"{name}.csv", rows={name: len(layer.frame)}))
        elif len(layer.frame):
            _write_layer(place, name, layer, on=on)
            parts = (f"{name}{suffix}" for suffix in (".shp", ".shx", ".dbf", ".prj", ".cpg"))
            written += [
                Written(path=part, rows={name: len(layer.frame)} if part.endswith(".shp") else {})
                for part in parts
            ]
    notes = "\n".join(f"- {note.say(lang)}" for note in gracethd_notes(plan, premises=premises))
    text = say("gracethd.read_me", lang, title=plan.scenario.title, on=on, notes=notes)
    (place / READ_ME).write_text(text + "\n", encoding="utf-8", newline="\r\n")
    written.append(Written(path=READ_ME))
    check_gracethd(place, {name: len(layer.frame) for name, layer in layers.items()})
    return written


def gracethd_notes(plan: Plan, *, premises: bool = True) -> list[Message]:
    """Return what a reader of the delivery must know: what stands for what isn't designed.

    Parameters
    ----------
    plan, premises
        As in :func:`write_gracethd`.
    """
    sectors = plan.territory.sectors
    ways, routes = (len(plan.more.get(name, ())) for name in ("infrastructure", "routes"))
    if routes:
        notes = [Message.of("gracethd.note_designed", count=len(plan.more["nro"]))]
    else:
        notes = [
            Message.of("gracethd.note_nodes", count=len(sectors)),
            Message.of("gracethd.note_nro", count=plan_groups(plan)),
        ]
    if ways:
        notes.append(Message.of("gracethd.note_ways", count=ways))
    elif not routes:
        notes.append(Message.of("gracethd.note_no_ways"))
    if not premises or not len(plan.territory.premises):
        notes.append(Message.of("gracethd.note_no_premises"))
    if plan.territory.is_synthetic(*CONTRACTS):
        made_up = ", ".join(o.title for o in plan.territory.origins if o.synthetic)
        notes.append(Message.of("gracethd.note_synthetic", layers=made_up))
    return notes


def plan_groups(plan: Plan) -> int:
    """Return how many groups of sectors stand for NRO."""
    return len(plan_layers(plan, premises=False, lang="fr")["t_znro"].frame)


def _columns(name: str, frame: pd.DataFrame) -> list[Field]:
    """Return every column of the model in its order; those that the plan can't fill are null."""
    fields = []
    for column, kind in COLUMNS[name].items():
        if column in frame:
            values = pa.array(frame[column], from_pandas=True)
            if isinstance(values, pa.ChunkedArray):
                values = values.combine_chunks()
            values = values.cast(_TYPES[kind])
        else:
            values = pa.nulls(len(frame), _TYPES[kind])
        fields.append(Field(name=column, kind=kind, column=values))  # type: ignore[arg-type]
    return fields


def _write_layer(place: Path, name: str, layer: GraceLayer, *, on: dt.date) -> None:
    shapes = layer.shapes
    if shapes is None:
        raise LookupError(name)
    kind = _KINDS[int(shapely.get_type_id(shapes[0]))]
    write_shapefile(place / f"{name}.shp", _columns(name, layer.frame), shapes, kind=kind, on=on)


def _write_csv(path: Path, name: str, frame: pd.DataFrame) -> None:
    table = pa.table({field.name: field.column for field in _columns(name, frame)})
    options = pyarrow.csv.WriteOptions(delimiter=";", quoting_style="needed", quoting_header="none")
    pyarrow.csv.write_csv(table, path, write_options=options)


def check_gracethd(folder: str | Path, rows: Mapping[str, int]) -> None:
    """Read a delivery back: layers by fiona, keys and references by their columns.

    Parameters
    ----------
    folder
        The delivery.
    rows
        Table to the rows it must have.

    Raises
    ------
    ShapefileError
        When a layer isn't there, isn't in EPSG:2154 and UTF-8, has other columns or another number
        of rows, a key is there twice, or a reference leads nowhere.
    """
    place = Path(folder)
    by = {name: WRITTEN_KEYS[name] or next(iter(COLUMNS[name])) for name in rows}
    keys = {name: _read_column(place, name, by[name]) for name, count in rows.items() if count}
    for name, count in rows.items():
        if not count:
            continue
        path = place / f"{name}.shp"
        if path.exists():
            with fiona.open(path) as layer:
                _demand(path.name, len(layer) == count, f"{len(layer)} ≠ {count}")
                _demand(path.name, is_working_crs(layer.crs_wkt), "EPSG:2154")
                said = path.with_suffix(".cpg").read_text(encoding="ascii")
                _demand(path.name, said == "UTF-8", said)
                names = list(layer.schema["properties"])
                _demand(path.name, names == list(COLUMNS[name]), ", ".join(names))
        _demand(name, len(keys[name]) == count, f"{len(keys[name])} ≠ {count}")
        if WRITTEN_KEYS[name]:  # a link has no key of its own
            _demand(name, pc.count_distinct(keys[name]).as_py() == count, by[name])
    for reference in WRITTEN_REFERENCES:
        if reference.table in keys and reference.column in COLUMNS.get(reference.table, {}):
            named = pc.drop_null(_read_column(place, reference.table, reference.column))
            if len(named):
                known = keys.get(reference.target, pa.array([], pa.string()))
                lost = pc.invert(pc.is_in(named, value_set=known))
                _demand(f"{reference.table}.{reference.column}", not pc.any(lost).as_py(),
                        f"→ {reference.target}")  # fmt: skip


def _read_column(place: Path, name: str, column: str) -> Any:  # noqa: ANN401 (an Arrow array)
    """Return one column as text, empty cells as null."""
    if (place / f"{name}.shp").exists():
        _, table = pyogrio.read_arrow(place / f"{name}.shp", columns=[column], read_geometry=False)
    else:
        table = pyarrow.csv.read_csv(
            place / f"{name}.csv",
            parse_options=pyarrow.csv.ParseOptions(delimiter=";"),
            convert_options=pyarrow.csv.ConvertOptions(
                include_columns=[column], column_types={column: pa.string()},
                strings_can_be_null=True,
            ),
        )  # fmt: skip
    values = table[column].cast(pa.string()).combine_chunks()
    if isinstance(values, pa.ChunkedArray):
        values = pa.array([], pa.string())
    return pc.if_else(pc.equal(values, ""), pa.scalar(None, pa.string()), values)


def _demand(file: str, holds: bool, what: str) -> None:
    if not holds:
        values = {"file": file, "what": what}
        raise ShapefileError(
            Message.of("gracethd.not_whole", **values), Message.of("gracethd.not_whole_remedy")
        )
