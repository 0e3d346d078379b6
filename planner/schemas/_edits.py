"""What a technician changed in a package, row by row."""

from __future__ import annotations

from planner.contracts import Column, Contract
from planner.schemas._columns import term, text
from planner.vocab import EditKind


def _position(name: str, title: str) -> Column:
    return Column(
        name=name, type="float", unit="m", nullable=True, title=(title, title),
        description=("Où cliquer, Lambert-93 ; absent quand la ligne n'a pas de géométrie",
                     "Where to click, Lambert-93; absent when the row has no geometry"),
    )  # fmt: skip


edits = Contract(
    name="edits",
    title=("Modifications", "Edits"),
    description=(
        "Ce qui a changé dans un paquet depuis qu'il a été écrit",
        "What has changed in a package since it was written",
    ),
    key=("layer", "row_key", "kind"),
    columns=(
        text("layer", "Couche", "Layer", "Couche du paquet", "Layer of the package"),
        text("row_key", "Ligne", "Row", "Clé de la ligne", "Key of the row"),
        term("kind", EditKind, "Modification", "Edit", "Ce qu'il est advenu de la ligne",
             "What became of the row"),
        text("columns", "Colonnes", "Columns", "Colonnes modifiées ; vide pour la ligne entière",
             "Columns that changed; empty for the whole row", blank=True),
        _position("x_m", "X"),
        _position("y_m", "Y"),
    ),
)  # fmt: skip

TABLES = (edits,)
