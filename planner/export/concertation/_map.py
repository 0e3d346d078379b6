"""The form as a GeoPackage: wishes written on the sectors themselves, in a GIS."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
import pyarrow as pa
import shapely

from planner.contracts import Column, ColumnType, Vocabulary
from planner.export.concertation._content import Form
from planner.export.geopackage import GEOMETRY_COLUMN, SpatialLayer, write_geopackage
from planner.export.gpkg_schema import LayerCard, NamedStyle
from planner.export.layout import Edition
from planner.io.forms import heading
from planner.provenance import Origin
from planner.texts import LANGUAGES, Message, say
from planner.vocab import DeliberationState, EnvelopeUnit, Opinion, Term, Wish

__all__ = ["write_map"]


class Asked(Term):
    """What may stand in the column of required and refused sectors."""

    REQUIRED = Wish.REQUIRED.value, Wish.REQUIRED.fr, Wish.REQUIRED.en
    REFUSED = Wish.REFUSED.value, Wish.REFUSED.fr, Wish.REFUSED.en


_ARROW: Final[Mapping[ColumnType, pa.DataType]] = {
    "str": pa.string(), "int": pa.int64(), "bool": pa.bool_(), "date": pa.date32(),
}  # fmt: skip
_COLUMNS: Final[Mapping[str, tuple[tuple[str, str, ColumnType, Vocabulary | None], ...]]] = {
    "identity": (("identity", "item", "str", None), ("identity", "value", "str", None)),
    "envelope": (
        ("envelope", "unit", "str", EnvelopeUnit), ("envelope", "amount", "int", None),
        ("envelope", "credit", "str", None),
    ),
    "wishes": (
        ("wishes", "sector_id", "str", None), ("wishes", "nom", "str", None),
        ("wishes", "commune", "str", None), ("wishes", "lines", "int", None),
        ("wishes", "lines_total", "int", None), ("wishes", "wish", "str", Asked),
        ("wishes", "rank", "int", None), ("wishes", "points", "int", None),
        ("wishes", "approved", "bool", None), ("advice", "opinion", "str", Opinion),
        ("advice", "remark", "str", None),
    ),
    "deliberation": (
        ("deliberation", "state", "str", DeliberationState), ("deliberation", "on", "date", None),
        ("deliberation", "planned_on", "date", None), ("deliberation", "contact", "str", None),
    ),
}  # fmt: skip
"""Layer to its columns: the sheet whose heading names it, its name, type and list of values."""


@dataclass(frozen=True, kw_only=True)
class _Card(LayerCard):
    """A layer that is a sheet of the form."""

    def identifier(self, lang: str) -> str:
        """Return the name of the sheet."""
        return say(f"forms.sheet_{self.name}", lang)

    def description(self, lang: str) -> str:
        """Return what is to be done with it."""
        return say("forms.map_layer", lang)


def write_map(
    path: Path, form: Form, *, edition: Edition, origins: Iterable[Origin], lang: str
) -> None:
    """Write the sectors, and the form on them: layers ``wishes``, ``envelope``, ``deliberation``.

    Parameters
    ----------
    path
        The file.
    form
        What stands in it.
    edition, origins, lang
        As in :func:`planner.export.geopackage.write_geopackage`.
    """
    credit = form.envelope.get("med_credit_cents")
    euros = {} if credit is None else {"credit": f"{int(credit) // 100},{int(credit) % 100:02d}"}
    shapes = dict(
        zip(form.sectors["sector_id"].astype(str), form.sectors.geometry.to_numpy(), strict=True)
    )
    rows: dict[str, Sequence[Mapping[str, Any]]] = {
        "identity": [{"item": k, "value": v} for k, v in form.identity.items()],
        "envelope": [{**form.envelope, **euros}],
        "wishes": sorted(form.wishes, key=lambda row: str(row["sector_id"])),
        "deliberation": [form.deliberation],
    }
    mark = Message.of("export.synthetic") if form.synthetic else None
    write_geopackage(
        path,
        {"sectors": form.sectors, "sector_shares": form.sector_shares},
        edition=edition, origins=origins, lang=lang,
        more=[_layer(name, content, shapes, mark, lang) for name, content in rows.items()],
    )  # fmt: skip


def _layer(
    name: str,
    rows: Sequence[Mapping[str, Any]],
    shapes: Mapping[str, Any],
    mark: Message | None,
    lang: str,
) -> tuple[SpatialLayer, LayerCard]:
    columns = tuple(_column(*column) for column in _COLUMNS[name])
    table = pa.table(
        {c.name: pa.array([_value(r.get(c.name)) for r in rows], _ARROW[c.type]) for c in columns}
    )
    spatial = name == "wishes"
    geometry = None
    if spatial:
        geometry = np.empty(len(rows), dtype=object)
        geometry[:] = [_several(shapes[str(row["sector_id"])]) for row in rows]
    layer = SpatialLayer(
        name=name, table=table, columns=columns, kind="MultiPolygon" if spatial else None,
        shapes=geometry, points=None,
    )  # fmt: skip
    return layer, _Card(
        name=name, columns=columns, mark=mark, origin=None,
        styles=(NamedStyle(name=say(f"forms.sheet_{name}", lang), qml=_qml(columns, lang)),),
        geometry=GEOMETRY_COLUMN if spatial else None,
    )  # fmt: skip


def _qml(columns: Sequence[Column], lang: str) -> str:
    """Return a style that only says what each column is called."""
    root = ET.Element("qgis", version="3.22", styleCategories="Fields")
    aliases = ET.SubElement(root, "aliases")
    for column in columns:
        ET.SubElement(aliases, "alias", field=column.name, name=column.titled(lang))
    return ET.tostring(root, encoding="unicode")


def _column(sheet: str, name: str, kind: ColumnType, terms: Vocabulary | None) -> Column:
    fr, en = (heading(sheet, name, lang) for lang in LANGUAGES)
    return Column(
        name=name, type=kind, title=(fr, en), description=(fr, en), nullable=True, terms=terms
    )


def _value(value: Any) -> Any:  # noqa: ANN401 (an answer)
    if isinstance(value, Term):
        return value.value
    if isinstance(value, pd.Timestamp):
        return value.date()
    return value.item() if isinstance(value, np.generic) else value


def _several(shape: Any) -> Any:  # noqa: ANN401 (a geometry)
    return shapely.multipolygons([shape]) if shape.geom_type == "Polygon" else shape
