"""What a plan answers: coverage, programme, money, dates, findings."""

from __future__ import annotations

from planner.contracts import Column, Contract
from planner.schemas._columns import (
    ACTOR,
    NOM,
    QUARTER,
    SECTOR_ID,
    SOURCE,
    SYNTHETIC,
    actor,
    cents,
    count,
    date,
    share,
    siren,
    term,
    text,
)
from planner.vocab import (
    Decision,
    DeliberationState,
    DensityClass,
    EnvelopeUnit,
    Level,
    Phase,
    PremiseState,
    Severity,
)


def _state_columns() -> tuple[Column, ...]:
    return tuple(
        count(f"{state.value}_count", state.fr, state.en, "Locaux dans cet état à la date",
               "Premises in this state on the day", nullable=True)
        for state in PremiseState
    )  # fmt: skip


coverage = Contract(
    name="coverage",
    title=("Couverture", "Coverage"),
    description=(
        "Locaux par territoire, phase et état à une date, avec leur référentiel",
        "Premises by territory, phase and state on a day, with their referential",
    ),
    key=("level", "code", "on"),
    columns=(
        term("level", Level, "Niveau", "Level", "Niveau du territoire", "Level of the territory"),
        text("code", "Code", "Code", "Code INSEE, SIREN, secteur ou zone", "INSEE, SIREN, sector or zone"),
        NOM,
        date("on", "Au", "On", "Date de la mesure", "Day of the measure"),
        count("premises_count", "Locaux", "Premises", "Borne basse si des tailles sont des classes",
               "Lower bound where sizes are classes"),
        count("premises_max_count", "Locaux (max)", "Premises (max)", "Borne haute ; absente si sans limite",
               "Upper bound; absent when there is none", nullable=True),
        count("private_count", "Initiative privée", "Private initiative", "Locaux en zone d'initiative privée",
               "Premises in the private zone", nullable=True),
        count("phase_1_count", "Phase 1", "Phase 1", "Locaux de la phase 1", "Premises of phase 1", nullable=True),
        count("phase_1_tranche_1_count", "Phase 1, tranche 1", "Phase 1, tranche 1", "Locaux de la tranche 1",
               "Premises of tranche 1", nullable=True),
        count("phase_1_tranche_2_count", "Phase 1, tranche 2", "Phase 1, tranche 2", "Locaux de la tranche 2",
               "Premises of tranche 2", nullable=True),
        count("phase_2_count", "Phase 2", "Phase 2", "Locaux de la phase 2", "Premises of phase 2", nullable=True),
        count("phase_3_count", "Phase 3", "Phase 3", "Ce qui reste au public", "What is left in the public area",
               nullable=True),
        count("unassigned_count", "Sans secteur", "Without a sector",
               "Locaux publics hors de tout secteur", "Public premises outside every sector", nullable=True),
        *_state_columns(),
        count("stateless_count", "Sans état", "Without a state", "Locaux sans état connu à la date",
               "Premises without a known state on the day", nullable=True),
        count("stage_study_count", "En études", "In study", "Locaux des secteurs en études",
               "Premises of sectors in study", nullable=True),
        count("stage_works_count", "En travaux", "In works", "Locaux des secteurs en travaux",
               "Premises of sectors in works", nullable=True),
        count("stage_open_count", "Secteurs ouverts", "Open sectors", "Locaux des secteurs ouverts",
               "Premises of open sectors", nullable=True),
        count("denominator_count", "Dénominateur", "Denominator",
               "Locaux auxquels le taux rapporte : sans l'initiative privée quand aucun état n'y est connu",
               "Premises that the rate divides by: without the private zone where no state is known in it",
               nullable=True),
        share("coverage_rate", "Taux de couverture", "Coverage rate",
               "Raccordables ÷ dénominateur ; au-delà de 1 : voir les constats",
               "Serviceable ÷ denominator; above 1 is a finding",
               nullable=True),
        text("referential", "Référentiel", "Referential", "États comptés, source, date et millésime du dénominateur",
              "States counted, source, date and vintage of the denominator"),
        SYNTHETIC,
    ),
)  # fmt: skip

programme = Contract(
    name="programme",
    title=("Programme", "Programme"),
    description=(
        "La phase de chaque secteur, et pourquoi",
        "The phase of each sector, and why",
    ),
    key=("sector_id",),
    columns=(
        SECTOR_ID,
        term("phase", Phase, "Phase", "Phase", "Phase du secteur", "Phase of the sector"),
        count("tranche", "Tranche", "Tranche", "Tranche de la phase 1", "Tranche of phase 1", unit="", nullable=True),
        term("decision", Decision, "Décision", "Decision", "Règle qui a décidé", "Rule that decided"),
        Column(
            name="epci_siren", type="str", nullable=True, pattern=ACTOR, example="243500741",
            title=("EPCI décideur", "Deciding EPCI"),
            description=(
                "Celui qui a la plus grande part du secteur ; « D29 » : le département, pour une île sans EPCI",
                "The one with the largest share of the sector; 'D29': the département, for an island without EPCI",
            ),
        ),
        Column(
            name="rank", type="int", minimum=1, nullable=True, title=("Rang", "Rank"),
            description=("Rang donné par l'EPCI décideur", "Rank given by the deciding EPCI"),
        ),
        count("premises_count", "Locaux", "Premises", "Locaux du secteur", "Premises of the sector"),
        Column(
            name="envelope_left", type="int", nullable=True, unit="lines or euros",
            title=("Enveloppe restante", "Envelope left"),
            description=("Ce qui restait à l'EPCI avant la décision", "What the EPCI had left before the decision"),
        ),
        text("reason", "Motif", "Reason", "Phrase en français", "Sentence in French"),
    ),
)  # fmt: skip

contributions = Contract(
    name="contributions",
    title=("Participations", "Contributions"),
    description=(
        "Ce que chaque EPCI doit, par zone (phase 1) ou secteur (phase 2), en centimes exacts",
        "What each EPCI owes, by zone (phase 1) or sector (phase 2), in exact cents",
    ),
    key=("epci_siren", "phase", "place_id"),
    columns=(
        siren(),
        term("phase", Phase, "Phase", "Phase", "Phase", "Phase"),
        text("place_id", "Zone ou secteur", "Zone or sector", "Identifiant", "Identifier"),
        NOM,
        count("lines_count", "Lignes", "Lines", "Lignes de l'EPCI dans la zone", "Lines of the EPCI in the zone",
               unit="lines"),
        cents("gross_cents", "Participation brute", "Gross contribution", "Lignes × tarif", "Lines × rate"),
        cents("credit_cents", "Crédit MeD déduit", "MeD credit deducted", "Part du crédit employée ici",
               "Part of the credit used here"),
        cents("net_cents", "Participation due", "Contribution due", "Brute moins crédit", "Gross less credit"),
    ),
)  # fmt: skip

balances = Contract(
    name="balances",
    title=("Bilan des EPCI", "Balance sheet of the EPCI"),
    description=(
        "Vote, enveloppe et participation de chaque EPCI",
        "Vote, envelope and contribution of each EPCI",
    ),
    key=("epci_siren",),
    columns=(
        actor(),
        NOM,
        Column(
            name="ballot_due", type="bool", title=("Vote attendu", "Ballot due"),
            description=("Des locaux publics : un vote est attendu", "Public premises: a ballot is due"),
        ),
        term("deliberation", DeliberationState, "Délibération", "Deliberation",
              "Absente de la table : rien n'a été reçu", "Absent: nothing was received", nullable=True),
        date("voted_on", "Vote du", "Voted on", "Jour du vote", "Day of the vote", nullable=True),
        term("unit", EnvelopeUnit, "Unité", "Unit", "Lignes ou euros", "Lines or euros", nullable=True),
        count("granted", "Enveloppe", "Envelope", "Lignes, ou centimes crédit compris ; absente si non accordée",
               "Lines, or cents with the credit; absent when none is granted", unit="lines or cents", nullable=True),
        count("used", "Employé", "Used", "Ce que la phase 2 emploie", "What phase 2 uses", unit="lines or cents"),
        count("lines_phase_1", "Lignes phase 1", "Lines of phase 1", "Lignes de l'EPCI en phase 1",
               "Lines of the EPCI in phase 1", unit="lines"),
        count("lines_phase_2", "Lignes phase 2", "Lines of phase 2", "Lignes de l'EPCI en phase 2",
               "Lines of the EPCI in phase 2", unit="lines"),
        count("lines_phase_3", "Lignes phase 3", "Lines of phase 3", "Lignes qui restent à l'EPCI",
               "Lines of the EPCI that are left", unit="lines"),
        cents("gross_cents", "Participation brute", "Gross contribution", "Phases 1 et 2", "Phases 1 and 2"),
        cents("credit_cents", "Crédit MeD déduit", "MeD credit deducted", "Phases 1 et 2", "Phases 1 and 2"),
        cents("net_cents", "Participation due", "Contribution due", "Phases 1 et 2", "Phases 1 and 2"),
    ),
)  # fmt: skip

costs = Contract(
    name="costs",
    title=("Coûts", "Costs"),
    description=("Coût estimé de chaque secteur", "Estimated cost of each sector"),
    key=("sector_id",),
    columns=(
        SECTOR_ID,
        count("premises_count", "Locaux", "Premises", "Locaux du secteur", "Premises of the sector"),
        Column(
            name="density_per_km2", type="float", minimum=0, unit="premises/km²",
            title=("Densité", "Density"), description=("Locaux par km²", "Premises a km²"),
        ),
        term("density_class", DensityClass, "Classe", "Class", "Classe de densité", "Class of density"),
        cents("unit_cost_cents", "Coût par local", "Cost a premise", "Du bordereau de prix", "From the price book"),
        cents("cost_cents", "Coût", "Cost", "Locaux × coût par local", "Premises × cost a premise"),
    ),
)  # fmt: skip

schedule = Contract(
    name="schedule",
    title=("Calendrier", "Schedule"),
    description=("Trimestre d'ouverture de chaque secteur", "Quarter in which each sector opens"),
    key=("sector_id",),
    columns=(
        SECTOR_ID,
        term("phase", Phase, "Phase", "Phase", "Phase du secteur", "Phase of the sector"),
        text("quarter", "Trimestre", "Quarter", "Année et trimestre des travaux", "Year and quarter of the works",
              pattern=QUARTER, example="2019-T1"),
        Column(name="year", type="int", minimum=1990, title=("Année", "Year"),
               description=("Année des travaux", "Year of the works")),
        count("premises_count", "Locaux", "Premises", "Locaux du secteur", "Premises of the sector"),
        cents("cost_cents", "Coût", "Cost", "Coût du secteur", "Cost of the sector"),
    ),
)  # fmt: skip

reconciliation = Contract(
    name="reconciliation",
    title=("Rapprochement avec le rapport", "Reconciliation with the report"),
    description=(
        "Chiffre publié, chiffre compté dans la géométrie, écart",
        "Published figure, figure counted from the geometry, difference",
    ),
    key=("figure", "phase", "tranche", "kind"),
    columns=(
        text("figure", "Grandeur", "Figure", "zones, premises ou serviceable", "zones, premises or serviceable"),
        text("phase", "Phase", "Phase", "1, 2, 3", "1, 2, 3"),
        count("tranche", "Tranche", "Tranche", "Tranche", "Tranche", unit="", nullable=True),
        text("kind", "Nature", "Kind", "ville_moyenne, rural ou all", "ville_moyenne, rural or all"),
        date("on", "Au", "On", "Date", "Date", nullable=True),
        count("target", "Publié", "Published", "Chiffre publié", "Published figure", unit=""),
        count("computed", "Compté", "Counted", "Chiffre compté", "Counted figure", unit=""),
        Column(name="difference_share", type="float", title=("Écart", "Difference"),
               description=("(compté − publié) ÷ publié", "(counted − published) ÷ published")),
        SOURCE,
    ),
)  # fmt: skip

findings = Contract(
    name="findings",
    title=("Constats", "Findings"),
    description=(
        "Ce qui est permis mais mérite d'être vérifié",
        "What is legal but deserves to be checked",
    ),
    key=("finding_id",),
    columns=(
        text("finding_id", "Constat", "Finding", "Identifiant stable", "Stable identifier"),
        text("rule", "Règle", "Rule", "Identifiant de la règle", "Identifier of the rule"),
        term("severity", Severity, "Gravité", "Severity", "Gravité", "Severity"),
        text("table", "Table", "Table", "Table en cause", "Table concerned"),
        text("place", "Lieu", "Place", "Ligne ou territoire en cause", "Row or territory concerned"),
        count("count", "Nombre", "Count", "Lignes ou locaux en cause", "Rows or premises concerned", unit=""),
        text("message", "Constat", "Finding", "Phrase", "Sentence"),
        text("remedy", "Remède", "Remedy", "Phrase", "Sentence"),
    ),
)  # fmt: skip

rejected_rows = Contract(
    name="rejected_rows",
    title=("Lignes écartées", "Rows set aside"),
    description=(
        "Lignes reçues qui ne peuvent servir : lues = retenues + écartées",
        "Rows received that can't be used: rows in = rows used + rows set aside",
    ),
    key=("file", "row"),
    columns=(
        text("file", "Fichier", "File", "Nom du fichier", "Name of the file"),
        count("row", "Ligne", "Row", "Position, 1 est la première ligne de données",
               "Position, 1 is the first row of data", unit=""),
        text("reason", "Motif", "Reason", "Identifiant du motif", "Identifier of the reason"),
        text("column", "Colonne", "Column", "Colonne en cause", "Column concerned"),
        text("value", "Valeur", "Value", "Valeur reçue", "Value received"),
    ),
)  # fmt: skip

TABLES = (
    coverage,
    programme,
    contributions,
    balances,
    costs,
    schedule,
    reconciliation,
    findings,
    rejected_rows,
)
