"""What the styles, the forms and the project need to know of a layer, and how layers are linked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal

import pandas as pd

from planner.contracts import Column
from planner.export.geopackage import columns_and_kind
from planner.schemas import contract
from planner.texts import Message

__all__ = ["LayerFacts", "Link", "facts_of", "links_between"]

SymbolKind = Literal["fill", "line", "marker"]
_SYMBOL: Final[Mapping[str, SymbolKind]] = MappingProxyType(
    {"MultiPolygon": "fill", "MultiLineString": "line", "Point": "marker"}
)
_REFERENCES: Final = (
    ("communes", "epci_siren", "epci", "siren", False),
    ("communes", "departement", "departements", "code", False),
    ("villes_moyennes", "insee", "communes", "insee", False),
    ("zones", "epci_siren", "epci", "siren", True),
    ("sectors", "zone_id", "zones", "zone_id", True),
    ("sectors", "epci_siren", "epci", "siren", False),
    ("sectors", "insee", "communes", "insee", False),
    ("premises", "sector_id", "sectors", "sector_id", False),
    ("premises", "insee", "communes", "insee", False),
    ("axe3_sites", "insee", "communes", "insee", False),
    ("axe3_sites", "epci_siren", "epci", "siren", False),
    ("programme", "sector_id", "sectors", "sector_id", True),
    ("ballots", "epci_siren", "epci", "siren", True),
    ("ballots", "sector_id", "sectors", "sector_id", True),
    ("envelopes", "epci_siren", "epci", "siren", True),
    ("deliberations", "epci_siren", "epci", "siren", True),
    ("advice", "epci_siren", "epci", "siren", True),
    ("advice", "sector_id", "sectors", "sector_id", True),
    ("balances", "epci_siren", "epci", "siren", False),
    ("contributions", "epci_siren", "epci", "siren", True),
    ("sector_shares", "sector_id", "sectors", "sector_id", True),
    ("sector_shares", "epci_siren", "epci", "siren", False),
    ("costs", "sector_id", "sectors", "sector_id", False),
    ("schedule", "sector_id", "sectors", "sector_id", False),
    ("stage_changes", "sector_id", "sectors", "sector_id", True),
    ("state_changes", "premise_id", "premises", "premise_id", False),
)
"""Table and field, the table and key that the field names, whether its form lists the rows."""
_TARGETS: Final = (
    ("sector_id", "sectors", "sector_id"),
    ("zone_id", "zones", "zone_id"),
    ("epci_siren", "epci", "siren"),
    ("insee", "communes", "insee"),
    ("departement", "departements", "code"),
    ("nro_id", "nro", "nro_id"),
    ("pbo_id", "pbo", "pbo_id"),
    ("premise_id", "premises", "premise_id"),
    ("request_id", "requests", "request_id"),
)
"""Field that names a place or a row, in whatever table: its table and its key there."""


@dataclass(frozen=True, kw_only=True)
class LayerFacts:
    """A layer as it is written.

    Parameters
    ----------
    name
        Name of the table.
    columns
        Its columns without ``fid`` and geometry.
    geometry
        Type of its geometry in the file, or None.
    title
        What a person reads, with its mark when it is made up.
    lang
        Language of every text.
    """

    name: str
    columns: tuple[Column, ...]
    geometry: str | None
    title: str
    lang: str

    @property
    def kind(self) -> SymbolKind | None:
        """What its symbols draw."""
        return None if self.geometry is None else _SYMBOL[self.geometry]

    @property
    def layer_id(self) -> str:
        """Identifier in a project: QGIS takes no short one."""
        return f"planner_layer_{self.name}"

    @property
    def display(self) -> str:
        """Expression that names a row to a person."""
        names = {column.name for column in self.columns}
        return '"nom"' if "nom" in names else f'"{contract(self.name).key[0]}"'

    def has(self, *names: str) -> bool:
        """Tell whether the layer has all these columns."""
        return set(names) <= {column.name for column in self.columns}


@dataclass(frozen=True, kw_only=True)
class Link:
    """A relation: ``field`` of ``table`` names a row of ``target`` by its ``key``.

    Parameters
    ----------
    name
        Stable identifier.
    title
        What a person reads.
    table, field
        Where the reference is.
    target, key
        What it refers to.
    shown
        Whether the form of the target lists the rows that refer to it.
    target_layer, target_title, target_source
        The target in the project.
    """

    name: str
    title: str
    table: str
    field: str
    target: str
    key: str
    shown: bool
    target_layer: str
    target_title: str
    target_source: str


def facts_of(
    name: str, frame: pd.DataFrame, *, mark: Message | None = None, lang: str = "fr"
) -> LayerFacts:
    """Describe the layer that a table becomes.

    Raises
    ------
    LookupError
        When the table has no contract.
    """
    columns, kind = columns_and_kind(name, frame)
    title = contract(name).titled(lang)
    return LayerFacts(
        name=name,
        columns=columns,
        geometry=kind,
        title=title if mark is None else f"{title} ({mark.say(lang)})",
        lang=lang,
    )


def _references(layers: Mapping[str, LayerFacts]) -> list[tuple[str, str, str, str, bool]]:
    """Return the references written above, then those that the names of fields tell.

    A form lists the rows of a plain table whose key says that they belong to it.
    """
    stated = {(table, field) for table, field, *_ in _REFERENCES}
    told = [
        (
            name, field, target, key,
            facts.geometry is None and field in contract(name).key and target != "premises",
        )
        for name, facts in layers.items()
        for field, target, key in _TARGETS
        if facts.has(field) and name != target and (name, field) not in stated
    ]  # fmt: skip
    return [*_REFERENCES, *told]


def links_between(layers: Iterable[LayerFacts], *, sources: Mapping[str, str]) -> tuple[Link, ...]:
    """Return the relations between layers that are there, in a fixed order.

    A table that nobody has named is linked by its fields: ``sector_id`` names a sector, whichever
    table it stands in.

    Parameters
    ----------
    layers
        Layers of a package.
    sources
        Where each layer is found by QGIS, by table name.
    """
    there = {facts.name: facts for facts in layers}
    return tuple(
        Link(
            name=f"planner_{table}_{field}",
            title=there[table].title,
            table=table,
            field=field,
            target=target,
            key=key,
            shown=shown,
            target_layer=there[target].layer_id,
            target_title=there[target].title,
            target_source=sources[target],
        )
        for table, field, target, key, shown in _references(there)
        if table in there and target in there and there[table].has(field) and there[target].has(key)
    )
