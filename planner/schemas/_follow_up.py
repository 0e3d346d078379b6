"""The adopted programme against what happened: baseline, slippage, forecasts, completeness."""

from __future__ import annotations

from typing import Any

from planner.contracts import Column, Contract
from planner.follow_vocab import ClockVerdict, OpeningState, SlipReason
from planner.schemas._columns import (
    NOM,
    QUARTER,
    SECTOR_ID,
    SOURCE,
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

progress_counts = Contract(
    name="progress_counts",
    title=("Locaux raccordables constatés", "Serviceable premises observed"),
    description=("Compte d'un lieu à la fin d'un trimestre, sans point", "Count of a place at the end of a quarter, without any point"),
    key=("level", "code", "quarter"),
    columns=(
        _LEVEL,
        text("code", "Code", "Code", "INSEE, SIREN, département, région ou secteur", "INSEE, SIREN, département, region or sector"),
        _quarter(),
        count("serviceable_count", "Raccordables", "Serviceable", "Cumul à la fin du trimestre", "Total at the end of the quarter"),
        SOURCE,
        SYNTHETIC,
    ),
)  # fmt: skip

public_progress = Contract(
    name="public_progress",
    title=("Avancement public", "Public progress"),
    description=("Totaux régionaux publiés, promis et constatés, avec leur source", "Published regional totals, promised and observed, with their source"),
    key=("on", "measure", "phase"),
    columns=(
        date("on", "Au", "On", "Date du chiffre", "Date of the figure"),
        text("measure", "Mesure", "Measure", "promised (promis), serviceable (raccordables) ou connected (raccordés)", "promised, serviceable or connected", pattern="promised|serviceable|connected"),
        text("phase", "Phase", "Phase", "1, 2 ou 3", "1, 2 or 3", pattern="[123]"),
        count("count", "Locaux", "Premises", "Nombre publié", "Published number"),
        text("certainty", "Certitude", "Certainty", "S rapport, V source publique, C calculé", "S report, V public source, C computed"),
        SOURCE,
    ),
)  # fmt: skip

pm_areas = Contract(
    name="pm_areas",
    title=("PM des secteurs", "Concentration points of sectors"),
    description=("Jour où le PM d'un secteur est mis à disposition", "Day the concentration point of a sector was made available"),
    key=("sector_id",),
    columns=(
        SECTOR_ID,
        text("pm_id", "PM", "Concentration point", "Référence du point de mutualisation", "Reference of the concentration point"),
        date("available_on", "Mise à disposition", "Made available", "Absente tant qu'elle n'est pas faite", "Absent as long as it isn't", nullable=True),
        SOURCE,
        SYNTHETIC,
    ),
)  # fmt: skip

sector_operators = Contract(
    name="sector_operators",
    title=("Opérateurs présents", "Operators present"),
    description=("Opérateur commercial présent au PM d'un secteur, avec sa date", "Operator present at the concentration point of a sector, with its date"),
    key=("sector_id", "operator"),
    columns=(
        SECTOR_ID,
        text("operator", "Opérateur", "Operator", "Nom de l'opérateur commercial", "Name of the operator"),
        date("present_on", "Présent depuis", "Present since", "Jour où il y vend", "Day it sells there"),
        SOURCE,
        SYNTHETIC,
    ),
)  # fmt: skip

sales = Contract(
    name="sales",
    title=("Locaux raccordés", "Premises connected"),
    description=("Cumul par lieu, opérateur et trimestre ; tous les opérateurs d'un lieu y sont", "Total by place, operator and quarter; every operator of a place is there"),
    key=("level", "code", "operator", "quarter"),
    columns=(
        _LEVEL,
        text("code", "Code", "Code", "Secteur, SIREN, département ou région", "Sector, SIREN, département or region"),
        text("operator", "Opérateur", "Operator", "Nom ; « tous » quand le détail n'est pas connu", "Name; 'tous' where the detail isn't known"),
        _quarter(),
        count("connected_count", "Raccordés", "Connected", "Cumul à la fin du trimestre", "Total at the end of the quarter"),
        SOURCE,
        SYNTHETIC,
    ),
)  # fmt: skip

slip_reasons = Contract(
    name="slip_reasons",
    title=("Causes de retard", "Reasons of slippage"),
    description=("Cause codée du retard d'un secteur, avec sa source", "Coded reason why a sector is late, with its source"),
    key=("sector_id", "reason"),
    columns=(
        SECTOR_ID,
        term("reason", SlipReason, "Cause", "Reason", "Cause du retard", "Reason of the slippage"),
        date("since", "Depuis", "Since", "Jour où la cause est apparue", "Day the reason appeared", nullable=True),
        SOURCE,
        SYNTHETIC,
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
             "premises : états livrés des locaux ; stage : stade livré du secteur ; count : compte du secteur ; pro_rata : compte d'un lieu réparti au plus fort reste selon les locaux promis ; in_order : compte d'un lieu donné aux secteurs dans l'ordre promis",
             "premises: delivered states of premises; stage: delivered stage of the sector; count: count of the sector; pro_rata: count of a place shared by largest remainder over the premises promised; in_order: count of a place given to the sectors in the order promised"),
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
    key=("level", "code"),
    columns=(
        _LEVEL,
        text("code", "Code", "Code", "INSEE, SIREN ou secteur", "INSEE, SIREN or sector"),
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
        text("sector_id", "Secteur", "Sector", "Secteur que le PM dessert", "Sector that the point serves", nullable=True, optional=True),
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
        term("verdict", ClockVerdict, "Verdict", "Verdict", "Tenue de l'échéance à l'allure constatée", "Whether the deadline is met at the pace seen"),
    ),
)  # fmt: skip

completion_forecast = Contract(
    name="completion_forecast",
    title=("Achèvement prévu", "Completion forecast"),
    description=("Ce qui reste, l'allure constatée et le trimestre d'achèvement qui en découle", "What is left, the pace observed and the quarter of completion that follows"),
    key=("level", "code"),
    columns=(
        _LEVEL, _CODE, _quarter(), _TARGET,
        _quarter("promised_quarter"),
        count("actual_count", "Constatés", "Observed", "Cumul constaté", "Total observed"),
        count("remaining_count", "Restants", "Remaining", "Prévus au total moins constatés", "Planned in all less observed"),
        count("quarters_known_count", "Constats", "Observations", "Trimestres constatés", "Quarters observed", unit="quarters"),
        _signed("per_quarter", "Allure", "Pace", "Lignes par trimestre, en moyenne", "Lines a quarter, on average", unit="premises/quarter"),
        _signed("low_per_quarter", "Allure, bas", "Pace, low", "Borne à 80 % ; absente avec une seule progression", "Bound at 80%; absent with a single increase", unit="premises/quarter", nullable=True),
        _signed("high_per_quarter", "Allure, haut", "Pace, high", "Borne à 80 % ; absente avec une seule progression", "Bound at 80%; absent with a single increase", unit="premises/quarter", nullable=True),
        _quarter("done_quarter", nullable=True),
        _quarter("soonest_quarter", nullable=True),
        _quarter("latest_quarter", nullable=True),
        _signed("late_quarters", "Retard à l'achèvement", "Quarters late at completion", "Achèvement prévu moins dernier trimestre promis ; absent si l'allure n'y mène pas", "Expected completion less the last quarter promised; absent where the pace doesn't get there", unit="quarters", nullable=True),
    ),
)  # fmt: skip

forecast_trial = Contract(
    name="forecast_trial",
    title=("Prévisions mises à l'épreuve", "Forecasts put to the test"),
    description=("Dernier trimestre tu, prévu par les précédents, à côté de « même allure »", "Last quarter held back, forecast from those before it, beside 'same pace'"),
    key=("level",),
    columns=(
        _LEVEL, _quarter(),
        count("places_count", "Lieux", "Places", "Lieux comparés", "Places compared", unit="places"),
        share("error_mean", "Erreur", "Error", "Écart absolu moyen de la prévision", "Mean absolute error of the forecast", unit="premises"),
        share("same_pace_error_mean", "Erreur, même allure", "Error, same pace", "Écart absolu moyen de « même allure »", "Mean absolute error of 'same pace'", unit="premises"),
        share("inside_share", "Dans l'intervalle", "Inside the interval", "Part des constats dans l'intervalle à 80 %", "Share of what was observed inside the 80% interval", maximum=1),
        count("moving_count", "Lieux en mouvement", "Places that moved", "Lieux dont le compte a changé", "Places whose count changed", unit="places"),
        share("moving_inside_share", "Dans l'intervalle, en mouvement", "Inside the interval, moving", "La même part parmi eux", "The same share among them", nullable=True, maximum=1),
        share("own_weight", "Poids de l'allure propre", "Weight of the own pace", "Choisi sur un trimestre antérieur ; 1 quand une seule progression est connue", "Chosen on an earlier quarter; 1 where a single increase is known", maximum=1),
    ),
)  # fmt: skip

openings = Contract(
    name="openings",
    title=("Ouverture commerciale", "Commercial opening"),
    description=("Par secteur : PM mis à disposition, ouverture due, opérateurs présents", "By sector: point made available, opening due, operators present"),
    key=("sector_id",),
    columns=(
        SECTOR_ID,
        text("pm_id", "PM", "Concentration point", "Référence du point de mutualisation", "Reference of the concentration point"),
        siren(nullable=True),
        date("available_on", "Mise à disposition", "Made available", "Jour où le PM est mis à disposition", "Day the point was made available"),
        date("due_on", "Ouverture due", "Opening due", "Mise à disposition plus le délai en vigueur ; absente sans règle", "Made available plus the term in force; absent without a rule", nullable=True),
        date("opened_on", "Ouvert le", "Opened on", "Premier opérateur présent ; absent s'il n'y en a pas", "First operator present; absent where there is none", nullable=True),
        count("operators_count", "Opérateurs", "Operators", "Opérateurs présents ce jour", "Operators present that day", unit="operators"),
        term("state", OpeningState, "État", "State", "Ouverture commerciale", "Commercial opening"),
        _signed("late_days", "Jours de retard", "Days late", "Depuis l'ouverture due, ou jusqu'à l'ouverture", "Since the opening was due, or up to it", unit="days", nullable=True),
    ),
)  # fmt: skip

take_up = Contract(
    name="take_up",
    title=("Taux de raccordement", "Take-up"),
    description=("Locaux raccordés sur locaux raccordables, par opérateur et en tout", "Connected over connectable premises, by operator and in all"),
    key=("level", "code", "operator", "quarter"),
    columns=(
        _LEVEL, _CODE,
        text("operator", "Opérateur", "Operator", "Nom ; « tous » pour leur somme", "Name; 'tous' for their sum"),
        _quarter(),
        count("connected_count", "Raccordés", "Connected", "Locaux raccordés", "Premises connected"),
        count("connectable_count", "Raccordables", "Connectable", "Locaux raccordables", "Premises connectable"),
        share("take_up_share", "Taux", "Rate", "Absent si rien n'est raccordable", "Absent where nothing is connectable", nullable=True),
        text("referential", "Référentiel", "Referential", "Ce que compte le dénominateur", "What the denominator counts"),
        text("referential_rule", "Règle du référentiel", "Rule of the referential", "D'où vient le nombre de locaux raccordables", "Where the number of connectable premises comes from"),
    ),
)  # fmt: skip

take_up_forecast = Contract(
    name="take_up_forecast",
    title=("Raccordements prévus", "Take-up forecast"),
    description=("Courbe ajustée au taux constaté, avec son intervalle à 80 %", "Curve fitted to the rate observed, with its 80% interval"),
    key=("level", "code", "quarter"),
    columns=(
        _LEVEL, _CODE, _quarter(),
        text("curve", "Courbe", "Curve", "logistic ou bass : celle qui laisse le moins d'écart", "logistic or bass: the one that leaves the least residue"),
        count("known_count", "Constats", "Observations", "Trimestres auxquels elle est ajustée", "Quarters that it is fitted to", unit="quarters"),
        share("take_up_share", "Taux prévu", "Rate forecast", "À la fin du trimestre", "At the end of the quarter", maximum=1),
        share("low_share", "Taux, bas", "Rate, low", "Borne basse à 80 %", "Lower bound at 80%", maximum=1),
        share("high_share", "Taux, haut", "Rate, high", "Borne haute à 80 %", "Upper bound at 80%", maximum=1),
        share("ceiling_share", "Plafond", "Ceiling", "Taux vers lequel la courbe tend", "Rate that the curve tends to", maximum=1),
        share("same_pace_share", "Même allure", "Same pace", "Dernier taux plus la dernière progression par trimestre", "Last rate plus the last increase a quarter", maximum=1),
    ),
)  # fmt: skip

revised_schedule = Contract(
    name="revised_schedule",
    title=("Calendrier refait", "Schedule made again"),
    description=("Trimestre de ce qui reste, refait depuis l'état constaté", "Quarter of what is left, made again from the state observed"),
    key=("sector_id",),
    columns=(
        SECTOR_ID,
        count("premises_count", "Locaux", "Premises", "Locaux du secteur", "Premises of the sector"),
        _quarter("promised_quarter", nullable=True),
        _quarter("revised_quarter"),
        _signed("shift_quarters", "Décalage", "Shift", "Refait moins promis", "Made again less promised", unit="quarters", nullable=True),
    ),
)  # fmt: skip

_FOLLOWED = (
    count("premises_count", "Locaux", "Premises", "Locaux promis", "Premises promised"),
    count("planned_count", "Promis", "Promised", "Promis pour ce trimestre", "Promised by this quarter"),
    count("actual_count", "Constatés", "Observed", "Constatés ; absent s'ils ne sont pas connus", "Observed; absent where unknown", nullable=True),
    _signed("late_count", "Lignes en retard", "Lines late", "Promis moins constatés", "Promised less observed", unit="premises", nullable=True),
    _signed("late_quarters", "Trimestres de retard", "Quarters late", "Négatif en avance", "Negative when ahead", unit="quarters", nullable=True),
    share("take_up_share", "Taux de raccordement", "Take-up", "Raccordés sur raccordables", "Connected over connectable", nullable=True),
)  # fmt: skip

sector_follow_up = Contract(
    name="sector_follow_up",
    title=("Suivi des secteurs", "Follow-up of sectors"),
    description=("Retard, ouverture, raccordements et complétude de chaque secteur du programme adopté", "Slippage, opening, take-up and completeness of each sector of the adopted programme"),
    key=("sector_id",),
    geometry="Polygon",
    columns=(
        SECTOR_ID, NOM, siren(nullable=True),
        text("zone_id", "Zone", "Zone", "Zone de déploiement", "Deployment zone", nullable=True),
        _quarter(), _quarter("promised_quarter"),
        *_FOLLOWED,
        text("reasons", "Causes", "Reasons", "Codes des causes, séparés par une espace", "Codes of the reasons, apart by a space", nullable=True),
        term("opening_state", OpeningState, "Ouverture", "Opening", "Absente tant que le PM n'est pas mis à disposition", "Absent as long as the point isn't made available", nullable=True),
        date("deadline", "Échéance", "Deadline", "Complétude due", "Completeness due", nullable=True),
        count("missing_count", "Non raccordables", "Not serviceable", "Locaux qui restent", "Premises still missing", nullable=True),
        date("done_on", "Fin prévue", "Expected end", "À l'allure constatée", "At the pace seen", nullable=True),
        term("verdict", ClockVerdict, "Complétude", "Completeness", "Tenue de l'échéance", "Whether the deadline is met", nullable=True),
        _signed("breach_rank", "Rang de péril", "Rank of risk", "Le premier est le plus en péril", "The first is the most at risk", nullable=True),
        SYNTHETIC,
    ),
)  # fmt: skip

epci_follow_up = Contract(
    name="epci_follow_up",
    title=("Suivi des EPCI", "Follow-up of EPCI"),
    description=("Retard, raccordements et complétude par EPCI", "Slippage, take-up and completeness by EPCI"),
    key=("siren",),
    geometry="Polygon",
    columns=(
        siren("siren"), NOM, _quarter(), *_FOLLOWED,
        _quarter("promised_quarter"),
        _quarter("done_quarter", nullable=True),
        count("breach_count", "PM en péril", "Areas at risk", "PM dont l'échéance est dépassée ou le sera", "Areas past their deadline or that will miss it", unit="areas"),
        date("first_breach_on", "Première échéance manquée", "First deadline missed", "La plus proche", "The nearest", nullable=True),
        SYNTHETIC,
    ),
)  # fmt: skip

INPUTS = (
    baseline,
    public_progress,
    progress_counts,
    pm_areas,
    sector_operators,
    sales,
    slip_reasons,
)
TABLES = (
    *INPUTS, progress_actual, slippage, progress_curve, completion_forecast, count_forecast,
    forecast_trial, openings, take_up, take_up_forecast, completeness, revised_schedule,
    sector_follow_up, epci_follow_up,
)  # fmt: skip
