"""What a GeoPackage says of its layers beside their rows: aliases, values, sources, styles.

Tables and identifiers are those of the OGC's GeoPackage 1.2 (12-128r14): extensions *Schema*
(annex F.9) and *Metadata* (annex F.8); ``layer_styles`` is QGIS's own table.
"""

from __future__ import annotations

import sqlite3
import xml.etree.ElementTree as ET
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from planner.contracts import Column
from planner.export.layout import Edition, title_with_unit
from planner.provenance import Origin
from planner.schemas import contract
from planner.texts import Message, say

__all__ = ["LayerCard", "NamedStyle", "add_cards", "aliases_of", "layer_metadata"]

_SCHEMA_URI: Final = "http://www.geopackage.org/spec121/#extension_schema"
_METADATA_URI: Final = "http://www.geopackage.org/spec121/#extension_metadata"
_QGIS_DTD: Final = "http://mrcc.com/qgis.dtd"
_QGIS_VERSION: Final = "3.22"
_LANGUAGE: Final = {"fr": "FRE", "en": "ENG"}

_TABLES: Final = """
CREATE TABLE gpkg_data_columns (
  table_name TEXT NOT NULL, column_name TEXT NOT NULL, name TEXT, title TEXT, description TEXT,
  mime_type TEXT, constraint_name TEXT,
  CONSTRAINT pk_gdc PRIMARY KEY (table_name, column_name),
  CONSTRAINT gdc_tn UNIQUE (table_name, name),
  CONSTRAINT fk_gdc_tn FOREIGN KEY (table_name) REFERENCES gpkg_contents(table_name));
CREATE TABLE gpkg_data_column_constraints (
  constraint_name TEXT NOT NULL, constraint_type TEXT NOT NULL, value TEXT, min NUMERIC,
  min_is_inclusive BOOLEAN, max NUMERIC, max_is_inclusive BOOLEAN, description TEXT,
  CONSTRAINT gdcc_ntv UNIQUE (constraint_name, constraint_type, value));
CREATE TABLE gpkg_metadata (
  id INTEGER CONSTRAINT m_pk PRIMARY KEY ASC NOT NULL, md_scope TEXT NOT NULL DEFAULT 'dataset',
  md_standard_uri TEXT NOT NULL, mime_type TEXT NOT NULL DEFAULT 'text/xml',
  metadata TEXT NOT NULL DEFAULT '');
CREATE TABLE gpkg_metadata_reference (
  reference_scope TEXT NOT NULL, table_name TEXT, column_name TEXT, row_id_value INTEGER,
  timestamp DATETIME NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ','now')),
  md_file_id INTEGER NOT NULL, md_parent_id INTEGER,
  CONSTRAINT crmr_mfi_fk FOREIGN KEY (md_file_id) REFERENCES gpkg_metadata(id),
  CONSTRAINT crmr_mpi_fk FOREIGN KEY (md_parent_id) REFERENCES gpkg_metadata(id));
CREATE TABLE IF NOT EXISTS gpkg_extensions (
  table_name TEXT, column_name TEXT, extension_name TEXT NOT NULL, definition TEXT NOT NULL,
  scope TEXT NOT NULL, CONSTRAINT ge_tce UNIQUE (table_name, column_name, extension_name));
"""
_EXTENSIONS: Final = (
    ("gpkg_data_columns", "gpkg_schema", _SCHEMA_URI),
    ("gpkg_data_column_constraints", "gpkg_schema", _SCHEMA_URI),
    ("gpkg_metadata", "gpkg_metadata", _METADATA_URI),
    ("gpkg_metadata_reference", "gpkg_metadata", _METADATA_URI),
)
_STYLES: Final = """
CREATE TABLE layer_styles (
  id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, f_table_catalog TEXT(256),
  f_table_schema TEXT(256), f_table_name TEXT(256), f_geometry_column TEXT(256),
  styleName TEXT(30), styleQML TEXT, styleSLD TEXT, useAsDefault BOOLEAN, description TEXT,
  owner TEXT(30), ui TEXT(30), update_time DATETIME DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ','now')));
"""


@dataclass(frozen=True, kw_only=True)
class NamedStyle:
    """A style of a layer: what QGIS lists it under, and its QML."""

    name: str
    qml: str


@dataclass(frozen=True, kw_only=True)
class LayerCard:
    """What a layer says of itself.

    Parameters
    ----------
    name
        Name of the table.
    columns
        Its columns, without the geometry.
    mark
        A few words when it is made up.
    origin
        Where it comes from, when it was read or generated.
    styles
        Its styles; the first one is loaded with the layer.
    geometry
        Name of the column of geometry, or None.
    """

    name: str
    columns: tuple[Column, ...]
    mark: Message | None
    origin: Origin | None
    styles: tuple[NamedStyle, ...]
    geometry: str | None

    def identifier(self, lang: str) -> str:
        """Return the title, with its mark when the layer is made up."""
        title = contract(self.name).titled(lang)
        return title if self.mark is None else f"{title} ({self.mark.say(lang)})"

    def description(self, lang: str) -> str:
        """Return what the layer is and where it comes from."""
        words = contract(self.name).described(lang)
        return " ".join([f"{words}.", *(line for line in _provenance(self.origin, lang))])


def _provenance(origin: Origin | None, lang: str) -> list[str]:
    if origin is None:
        return []
    vintage = origin.vintage or (origin.on.isoformat() if origin.on else "—")
    lines = [
        say(
            "export.origin",
            lang,
            source=origin.source or origin.title,
            licence=origin.licence or "—",
            vintage=vintage,
        )
    ]
    return [*lines, origin.attribution] if origin.attribution else lines


def add_cards(
    package: sqlite3.Connection, cards: Sequence[LayerCard], *, edition: Edition, lang: str
) -> None:
    """Add aliases, lists of values, metadata and styles to a GeoPackage that GDAL has written.

    Parameters
    ----------
    package
        An open GeoPackage that has the layers and none of these yet.
    cards
        One for each layer.
    edition
        What the file says of itself.
    lang
        Language of every text.
    """
    package.executescript(_TABLES)
    package.executemany(
        "INSERT INTO gpkg_extensions VALUES (?, NULL, ?, ?, 'read-write')", _EXTENSIONS
    )
    _add_aliases(package, cards, lang)
    _add_values(package, cards, lang)
    _add_metadata(package, cards, edition, lang)
    styled = [card for card in cards if card.styles]
    if styled:
        _add_styles(package, styled, edition)


def _add_aliases(package: sqlite3.Connection, cards: Iterable[LayerCard], lang: str) -> None:
    for card in cards:
        aliases = aliases_of(card.columns, lang)
        for column in card.columns:
            package.execute(
                "INSERT INTO gpkg_data_columns VALUES (?, ?, ?, ?, ?, NULL, ?)",
                (
                    card.name,
                    column.name,
                    aliases[column.name],
                    title_with_unit(column, lang),
                    column.described(lang),
                    _values_name(column),
                ),
            )


def aliases_of(columns: Iterable[Column], lang: str) -> dict[str, str]:
    """Return what a person reads over each column; two of one title are told apart."""
    aliases: dict[str, str] = {}
    taken: set[str] = set()
    for column in columns:
        title = title_with_unit(column, lang)
        alias = f"{title} [{column.name}]" if title in taken else title
        taken.add(alias)
        aliases[column.name] = alias
    return aliases


def _values_name(column: Column) -> str | None:
    return None if column.terms is None else column.terms.__name__.lower()


def _add_values(package: sqlite3.Connection, cards: Iterable[LayerCard], lang: str) -> None:
    used = {
        _values_name(column): column.terms
        for card in cards
        for column in card.columns
        if column.terms is not None
    }
    package.executemany(
        "INSERT INTO gpkg_data_column_constraints VALUES (?, 'enum', ?, NULL, NULL, NULL, NULL, ?)",
        [
            (name, term.value, term.label(lang))
            for name, terms in sorted(used.items())
            for term in terms
        ],
    )


def _add_metadata(
    package: sqlite3.Connection, cards: Iterable[LayerCard], edition: Edition, lang: str
) -> None:
    stamp = _stamp(edition)
    for number, card in enumerate(cards, start=1):
        package.execute(
            "INSERT INTO gpkg_metadata VALUES (?, 'dataset', ?, 'text/xml', ?)",
            (number, _QGIS_DTD, _qgis_metadata(card, edition, lang)),
        )
        package.execute(
            "INSERT INTO gpkg_metadata_reference VALUES ('table', ?, NULL, NULL, ?, ?, NULL)",
            (card.name, stamp, number),
        )


def _stamp(edition: Edition) -> str:
    return f"{edition.on.isoformat()}T00:00:00.000Z"


def _qgis_metadata(card: LayerCard, edition: Edition, lang: str) -> str:
    """Return the metadata of a layer as QGIS keeps them, in the order of its own elements."""
    root = ET.Element("qgis", version=_QGIS_VERSION)
    root.extend(layer_metadata(card, edition, lang))
    return ET.tostring(root, encoding="unicode")


def layer_metadata(card: LayerCard, edition: Edition, lang: str) -> list[ET.Element]:
    """Return the elements of a layer's metadata, as its table and a project's layer hold them."""
    elements: list[ET.Element] = []

    def add(tag: str, text: str = "") -> None:
        element = ET.Element(tag)
        element.text = text
        elements.append(element)

    origin = card.origin
    add("identifier", f"{edition.scenario}/{card.name}")
    add("parentidentifier", edition.scenario)
    add("language", _LANGUAGE[lang])
    add("type", "dataset")
    add("title", card.identifier(lang))
    add("abstract", card.description(lang))
    add("fees")
    if origin is not None and origin.attribution:
        add("rights", origin.attribution)
    if origin is not None and origin.licence:
        add("license", origin.licence)
    add("encoding", "UTF-8")
    on = edition.on
    add("history", say("export.history", lang, title=edition.title, on=on))
    return elements


def _add_styles(package: sqlite3.Connection, cards: Iterable[LayerCard], edition: Edition) -> None:
    stamp = _stamp(edition)
    package.executescript(_STYLES)
    package.execute(
        "INSERT INTO gpkg_contents (table_name, data_type, identifier, description, last_change, "
        "srs_id) VALUES ('layer_styles', 'attributes', 'layer_styles', '', ?, 0)",
        (stamp,),
    )
    for card in cards:
        for position, style in enumerate(card.styles):
            package.execute(
                "INSERT INTO layer_styles (f_table_catalog, f_table_schema, f_table_name, "
                "f_geometry_column, styleName, styleQML, styleSLD, useAsDefault, description, "
                "owner, update_time) VALUES ('', '', ?, ?, ?, ?, '', ?, '', '', ?)",
                (card.name, card.geometry or "", style.name, style.qml, int(position == 0), stamp),
            )
