"""The adopted programme against what happened: baseline, slippage, forecasts, completeness."""

from __future__ import annotations

from typing import Any

from planner.contracts import Column, Contract
from planner.schemas._columns import (
    QUARTER,
    SECTOR_ID,
    SYNTHETIC,
    count,
    date,
    share,
    siren,
    term,
    text,
)
from planner.vocab import Level


def _signed(name: str, fr: str, en: str, about_fr: str, about_en: str, **more: Any) -> Column:
    return Column(name=name, type="int", title=(fr, en), description=(about_fr, about_en), **more)


def _quarter(name: str = "quarter", **more: Any) -> Column:
    return text(name, "Trimestre", "Quarter", "Année et trimestre", "Year and quarter",
                pattern=QUARTER, example="2019-T1", **more)  # fmt: skip


_LEVEL = term("level", Level, "Niveau", "Level", "Niveau du lieu", "Level of the place")
_CODE = text("code", "Code", "Code", "Secteur, zone, SIREN, département ou région", "Sector, zone, SIREN, département or region")  # fmt: skip
_TARGET = count("target_count", "Lignes prévues au total", "Lines planned in all",
                "Locaux du programme adopté", "Premises of the adopted programme")  # fmt: skip

baseline = Contract(
    name="baseline",
    title=("Programme adopté, figé", "Adopted programme, frozen"),
    description=("Trimestre promis de chaque secteur ; jamais réécrit", "Quarter promised to each sector; never written again"),
    key=("sector_id",),
    columns=(
        SECTOR_ID,
        siren(nullable=True),
        text("departement", "Département", "Département", "Code du département", "Code of the département"),
        text("zone_id", "Zone", "Zone", "Zone de déploiement", "Deployment zone", nullable=True),
        text("insee", "Commune (INSEE)", "Commune (INSEE)", "Commune principale du secteur", "Main commune of the sector"),
        _quarter(),
        count("premises_count", "Locaux", "Premises", "Locaux promis", "Premises promised"),
        SYNTHETIC,
    ),
)  # fmt: skip

commune_progress = Contract(
    name="commune_progress",
    title=("Locaux raccordables par commune et trimestre", "Serviceable premises by commune and quarter"),
    description=("Ce qui est constaté, sans point", "What was observed, without any point"),
    key=("insee", "quarter"),
    columns=(
        text("insee", "Commune (INSEE)", "Commune (INSEE)", "Code INSEE", "INSEE code"),
        _quarter(),
        count("serviceable_count", "Raccordables", "Serviceable", "Cumul à la fin du trimestre", "Total at the end of the quarter"),
    ),
)  # fmt: skip

progress_actual = Contract(
    name="progress_actual",
    title=("Avancement constaté", "Observed progress"),
    description=("Locaux raccordables de chaque secteur du programme, en cumul", "Serviceable premises of each sector of the programme, in total"),
    key=("sector_id", "quarter"),
    columns=(
        SECTOR_ID,
        _quarter(),
        count("serviceable_count", "Raccordables", "Serviceable", "Cumul à la fin du trimestre", "Total at the end of the quarter"),
        text("rule", "Règle", "Rule",
             "stage : stade livré du secteur ; pro_rata : compte de la commune réparti au plus fort reste selon les locaux promis",
             "stage: delivered stage of the sector; pro_rata: count of the commune shared by largest remainder over the premises promised"),
    ),
)  # fmt: skip

slippage = Contract(
    name="slippage",
    title=("Retard sur le programme", "Slippage"),
    description=("Promis et constaté à la fin d'un trimestre", "Promised and observed at the end of a quarter"),
    key=("level", "code", "quarter"),
    columns=(
        _LEVEL, _CODE, _quarter(), _TARGET,
        count("planned_count", "Promis", "Promised", "Cumul promis", "Total promised"),
        count("actual_count", "Constatés", "Observed", "Cumul constaté ; absent s'il n'est pas connu", "Total observed; absent where unknown", nullable=True),
        _signed("late_count", "Lignes en retard", "Lines late", "Promis moins constatés ; négatif en avance", "Promised less observed; negative when ahead", unit="premises", nullable=True),
        _signed("late_quarters", "Trimestres de retard", "Quarters late",
                "Depuis combien de trimestres plus de lignes sont promises que constatées aujourd'hui ; négatif en avance",
                "For how many quarters more lines have been promised than are observed today; negative when ahead", unit="quarters", nullable=True),
    ),
)  # fmt: skip

progress_curve = Contract(
    name="progress_curve",
    title=("Courbe d'avancement", "Progress curve"),
    description=("Cumuls promis, constatés et prévus", "Totals promised, observed and forecast"),
    key=("level", "code", "quarter"),
    columns=(
        _LEVEL, _CODE, _quarter(),
        count("planned_count", "Promis", "Promised", "Cumul promis", "Total promised"),
        count("actual_count", "Constatés", "Observed", "Cumul constaté", "Total observed", nullable=True),
        count("forecast_count", "Prévus", "Forecast", "Cumul à l'allure constatée", "Total at the pace observed", nullable=True),
        count("low_count", "Prévus, bas", "Forecast, low", "Borne basse à 80 %", "Lower bound at 80%", nullable=True),
        count("high_count", "Prévus, haut", "Forecast, high", "Borne haute à 80 %", "Upper bound at 80%", nullable=True),
    ),
)  # fmt: skip

count_forecast = Contract(
    name="count_forecast",
    title=("Prévision du trimestre suivant", "Forecast of the next quarter"),
    description=("Par lieu : prévision, intervalle à 80 %, même allure", "By place: forecast, 80% interval, same pace"),
    key=("code",),
    columns=(
        text("code", "Code", "Code", "INSEE ou SIREN", "INSEE or SIREN"),
        _quarter(),
        count("last_count", "Dernier constat", "Last observed", "Cumul connu", "Known total"),
        count("forecast_count", "Prévus", "Forecast", "Cumul prévu", "Total forecast"),
        count("low_count", "Borne basse", "Lower bound", "À 80 %", "At 80%"),
        count("high_count", "Borne haute", "Upper bound", "À 80 %", "At 80%"),
        count("same_pace_count", "Même allure", "Same pace", "Dernier constat plus la dernière progression", "Last total plus the last increase"),
    ),
)  # fmt: skip

completeness = Contract(
    name="completeness",
    title=("Échéances de complétude", "Completeness deadlines"),
    description=("Par zone arrière de PM, avec son rang de péril", "By PM area, with its rank of risk"),
    key=("pm_id",),
    columns=(
        text("pm_id", "PM", "Concentration point", "Référence du point de mutualisation", "Reference of the concentration point"),
        Column(name="rank", type="int", minimum=1, title=("Rang", "Rank"),
               description=("Le premier est le plus en péril", "The first is the most at risk")),
        siren(nullable=True),
        date("available_on", "Mise à disposition", "Made available", "Jour où le PM est mis à disposition", "Day the point was made available", nullable=True),
        _signed("years", "Délai", "Term", "Années que la règle en vigueur laisse", "Years that the rule in force allows", unit="years", nullable=True),
        date("deadline", "Échéance", "Deadline", "Jour où tout doit être raccordable", "Day by which all must be serviceable", nullable=True),
        count("premises_count", "Locaux", "Premises", "Locaux de la zone", "Premises of the area"),
        count("missing_count", "Non raccordables", "Not serviceable", "Locaux qui restent", "Premises still missing"),
        share("needed_per_quarter", "Allure nécessaire", "Pace needed", "Locaux par trimestre d'ici à l'échéance", "Premises a quarter up to the deadline", unit="premises/quarter", nullable=True),
        share("seen_per_quarter", "Allure constatée", "Pace seen", "Locaux par trimestre ; absente si inconnue", "Premises a quarter; absent where unknown", unit="premises/quarter", nullable=True),
        date("done_on", "Fin prévue", "Expected end", "À l'allure constatée ; absente à l'arrêt", "At the pace seen; absent when stopped", nullable=True),
        text("verdict", "Verdict", "Verdict", "breached, will_breach, on_time, complete ou unknown", "breached, will_breach, on_time, complete or unknown"),
    ),
)  # fmt: skip

take_up = Contract(
    name="take_up",
    title=("Taux de raccordement", "Take-up"),
    description=("Locaux raccordés sur locaux raccordables", "Connected over connectable premises"),
    key=("level", "code", "quarter"),
    columns=(
        _LEVEL, _CODE, _quarter(),
        count("connected_count", "Raccordés", "Connected", "Locaux raccordés", "Premises connected"),
        count("connectable_count", "Raccordables", "Connectable", "Locaux raccordables", "Premises connectable"),
        share("take_up_share", "Taux", "Rate", "Absent si rien n'est raccordable", "Absent where nothing is connectable", nullable=True),
        text("referential", "Référentiel", "Referential", "Ce que compte le dénominateur", "What the denominator counts"),
    ),
)  # fmt: skip

TABLES = (
    baseline, commune_progress, progress_actual, slippage, progress_curve, count_forecast, completeness,
    take_up,
)  # fmt: skip
