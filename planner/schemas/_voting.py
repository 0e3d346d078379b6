"""What votes amount to: points of sectors by EPCI."""

from __future__ import annotations

from planner.contracts import Column, Contract
from planner.schemas._columns import SECTOR_ID, actor, text

sector_points = Contract(
    name="sector_points",
    title=("Points des secteurs", "Points of sectors"),
    description=(
        "Points entiers que chaque EPCI donne à chaque secteur par son vote",
        "Whole points that each EPCI gives to each sector by its ballot",
    ),
    key=("sector_id", "epci_siren"),
    columns=(
        SECTOR_ID,
        actor(),
        Column(name="points", type="int", minimum=0, title=("Points", "Points"),
               description=("Points entiers, poids de l'EPCI compris", "Whole points, weight of the EPCI included")),
        Column(name="scale", type="int", minimum=1, title=("Échelle", "Scale"),
               description=("Nombre de points entiers qui font un point (ou un total d'EPCI)",
                            "Whole points that make one point (or one EPCI's total)")),
        text("rule", "Règle", "Rule", "borda ou equal_total", "borda or equal_total"),
    ),
)  # fmt: skip


TABLES = (sector_points,)
