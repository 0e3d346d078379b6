"""Data quality as layers: what is wrong, where to click, and the shape that offends."""

from __future__ import annotations

from planner.contracts import Column, Contract
from planner.schemas._columns import SYNTHETIC, insee, term, text
from planner.vocab import Severity

ANOMALY_ID = text(
    "anomaly_id", "Anomalie", "Anomaly",
    "Identifiant stable : règle, table, ligne et colonne", "Stable identifier: rule, table, row and column",
)  # fmt: skip
RULE = text(
    "rule", "Règle", "Rule", "Identifiant stable de la règle", "Stable identifier of the rule",
    example="sectors.overlap",
)  # fmt: skip
MESSAGE = text("message", "Constat", "Finding", "Phrase", "Sentence")
SEVERITY = term("severity", Severity, "Gravité", "Severity", "Gravité", "Severity")


def _position(name: str, title: str) -> Column:
    return Column(
        name=name, type="float", unit="m", nullable=True, title=(title, title),
        description=("Où cliquer, Lambert-93 ; absent quand rien ne situe la ligne",
                     "Where to click, Lambert-93; absent when nothing places the row"),
    )  # fmt: skip


anomalies = Contract(
    name="anomalies",
    title=("Anomalies", "Anomalies"),
    description=(
        "Ce qui ne va pas dans les données, ligne par ligne, et où cliquer",
        "What is wrong in the data, row by row, and where to click",
    ),
    key=("anomaly_id",),
    columns=(
        ANOMALY_ID,
        RULE,
        SEVERITY,
        text("table", "Table", "Table", "Table en cause", "Table concerned"),
        text("row_key", "Ligne", "Row", "Clé de la ligne en cause", "Key of the row concerned"),
        text("column", "Colonne", "Column", "Colonne en cause ; vide pour la ligne entière",
             "Column concerned; empty for the whole row", blank=True),
        insee(nullable=True, title=("Commune du point", "Commune of the point")),
        MESSAGE,
        text("remedy", "Remède", "Remedy", "Phrase", "Sentence"),
        _position("x_m", "X"),
        _position("y_m", "Y"),
        SYNTHETIC,
    ),
)  # fmt: skip

anomaly_areas = Contract(
    name="anomaly_areas",
    title=("Anomalies : surfaces", "Anomalies: areas"),
    description=(
        "La surface en cause : recouvrement, lacune, polygone à corriger",
        "The offending area: overlap, gap, polygon to mend",
    ),
    key=("anomaly_id",),
    geometry="Polygon",
    columns=(ANOMALY_ID, RULE, SEVERITY, MESSAGE),
)

anomaly_lines = Contract(
    name="anomaly_lines",
    title=("Anomalies : lignes", "Anomalies: lines"),
    description=(
        "La ligne en cause : du local au bord de la commune qu'il déclare, ou le tracé à corriger",
        "The offending line: from a premise to the commune that it names, or the course to mend",
    ),
    key=("anomaly_id",),
    geometry="LineString",
    columns=(ANOMALY_ID, RULE, SEVERITY, MESSAGE),
)

TABLES = (anomalies, anomaly_areas, anomaly_lines)
