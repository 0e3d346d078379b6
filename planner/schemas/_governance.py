"""Who decides, when and on what: shares of envelopes, calendar, advice, quorum, adoptions, years."""

from __future__ import annotations

from typing import Any

from planner.contracts import Column, Contract
from planner.schemas._columns import (
    ACTOR,
    SECTOR_ID,
    SOURCE,
    SYNTHETIC,
    actor,
    count,
    date,
    term,
    text,
)
from planner.vocab import (
    DeliberationState,
    Opinion,
    Phase,
    ProgrammeStatus,
    Term,
    VoteSituation,
)

SHA256 = r"[0-9a-f]{64}"


def _flag(name: str, fr: str, en: str, about_fr: str, about_en: str) -> Column:
    return Column(name=name, type="bool", title=(fr, en), description=(about_fr, about_en))


def _sha256(name: str, fr: str, en: str, about_fr: str, about_en: str, **more: Any) -> Column:
    return Column(
        name=name, type="str", pattern=SHA256, example="0" * 64,
        title=(fr, en), description=(about_fr, about_en), **more,
    )  # fmt: skip


def _amount(name: str, fr: str, en: str, about_fr: str, about_en: str, **more: Any) -> Column:
    return Column(
        name=name, type="int", minimum=0, title=(fr, en), description=(about_fr, about_en), **more
    )


def _weight(name: str, fr: str, en: str, about_fr: str, about_en: str) -> Column:
    return Column(
        name=name, type="int", minimum=0, title=(fr, en), description=(about_fr, about_en)
    )


def _phase(name: str, fr: str, en: str) -> Column:
    terms: type[Term] = Phase
    return Column(
        name=name, type="str", nullable=True, terms=terms, title=(fr, en),
        description=("Absente si le secteur n'existe pas dans cette version",
                     "Absent when the sector isn't in this version"),
    )  # fmt: skip


def _year(name: str, fr: str, en: str) -> Column:
    return Column(
        name=name, type="int", nullable=True, minimum=1990, title=(fr, en),
        description=("Année d'ouverture, quand les années sont choisies",
                     "Year of opening, when years are chosen"),
    )  # fmt: skip


envelope_shares = Contract(
    name="envelope_shares",
    title=("Répartition des enveloppes", "Sharing of the envelopes"),
    description=(
        "Ce que la clé compte pour chaque EPCI, sa part exacte et ce qui a été arrondi",
        "What the key counts for each EPCI, its exact share and what was rounded",
    ),
    key=("epci_siren",),
    columns=(
        actor(),
        text("key", "Clé", "Key", "Nom de la clé de répartition", "Name of the key"),
        Column(name="key_value", type="float", minimum=0, title=("Valeur de la clé", "Value of the key"),
               description=("Ce que la clé compte pour lui", "What the key counts for it")),
        text("exact_amount", "Part exacte", "Exact share", "Fraction, avant arrondi", "Fraction, before rounding"),
        _amount("amount", "Montant", "Amount", "Lignes, ou euros entiers", "Lines, or whole euros"),
        _flag("rounded_up", "Arrondi au-dessus", "Rounded up",
              "Vrai s'il reçoit une unité au titre du plus fort reste", "True when it gets one for its remainder"),
    ),
)  # fmt: skip

calendar = Contract(
    name="calendar",
    title=("Calendrier des délibérations", "Calendar of deliberations"),
    description=(
        "Le conseil prévu par chaque EPCI, et la personne à qui s'adresser",
        "The council that each EPCI plans, and the person to ask",
    ),
    key=("epci_siren",),
    columns=(
        actor(),
        date("planned_on", "Conseil prévu", "Planned council",
              "Jour prévu du vote ; absent s'il n'est pas fixé", "Planned day of the vote; absent when not set",
              nullable=True),
        text("contact", "Contact", "Contact", "Fonction, ou personne, et moyen de la joindre",
              "Office, or person, and how to reach it", nullable=True),
        SOURCE,
        SYNTHETIC,
    ),
)  # fmt: skip

advice = Contract(
    name="advice",
    title=("Avis du département", "Advice of the département"),
    description=(
        "Avis du département sur les secteurs de chaque EPCI ; absent n'est pas défavorable",
        "Opinion of the département on the sectors of each EPCI; absent is not against",
    ),
    key=("epci_siren", "sector_id"),
    columns=(
        actor(),
        SECTOR_ID,
        term(
            "opinion",
            Opinion,
            "Avis",
            "Opinion",
            "Avis du département",
            "Opinion of the département",
        ),
        text("remark", "Observation", "Remark", "Texte libre", "Free text", nullable=True),
        SOURCE,
        SYNTHETIC,
    ),
)

vote_status = Contract(
    name="vote_status",
    title=("Où en sont les votes", "Where the votes stand"),
    description=(
        "Pour chaque EPCI : délibération, conseil prévu, situation au jour dit",
        "For each EPCI: deliberation, planned council, situation on the day",
    ),
    key=("epci_siren",),
    columns=(
        actor(),
        text("nom", "Nom", "Name", "Nom usuel", "Usual name"),
        _flag("due", "Vote attendu", "Ballot due", "Faux s'il n'a aucun local public", "False when it has no public premises"),
        term("state", DeliberationState, "Délibération", "Deliberation",
              "État ; absent si rien n'est reçu", "State; absent when nothing was received", nullable=True),
        date("on", "Votée le", "Voted on", "Jour du vote", "Day of the vote", nullable=True),
        date("planned_on", "Conseil prévu", "Planned council", "Jour prévu", "Planned day", nullable=True),
        term("situation", VoteSituation, "Situation", "Situation", "Au jour dit", "On the day"),
        text("contact", "Contact", "Contact", "Personne à qui s'adresser", "Person to ask", nullable=True),
        count("premises_count", "Locaux publics", "Public premises", "Ses locaux dans les secteurs",
               "Its premises in the sectors"),
    ),
)  # fmt: skip

quorum = Contract(
    name="quorum",
    title=("Quorum", "Quorum"),
    description=("Ce que chaque règle demande, et où l'on en est", "What each rule asks for, and where it stands"),
    key=("rule",),
    columns=(
        text("rule", "Règle", "Rule", "voted_epci, decided_epci ou voted_premises",
              "voted_epci, decided_epci or voted_premises"),
        _amount("counted", "Compté", "Counted", "EPCI ou locaux comptés", "EPCI or premises counted"),
        _amount("required", "Requis", "Required", "Le moindre nombre qui suffit", "The least number that suffices"),
        _amount("total", "Sur", "Out of", "EPCI ou locaux en tout", "EPCI or premises in all"),
        _flag("reached", "Atteint", "Reached", "Vrai si la règle est satisfaite", "True when the rule is met"),
        SOURCE,
        SYNTHETIC,
    ),
)  # fmt: skip

adoptions = Contract(
    name="adoptions",
    title=("Registre des adoptions", "Register of adoptions"),
    description=(
        "Registre sans rature : chaque programme proposé, voté ou adopté, avec son empreinte",
        "A register without erasure: each programme proposed, voted or adopted, with its checksum",
    ),
    key=("entry",),
    columns=(
        Column(name="entry", type="int", minimum=1, title=("Ligne", "Entry"),
               description=("Numéro d'ordre", "Number in order")),
        Column(name="version", type="int", minimum=1, title=("Version", "Version"),
               description=("Version du programme", "Version of the programme")),
        term("status", ProgrammeStatus, "Statut", "Status", "Proposé, voté ou adopté", "Proposed, voted or adopted"),
        date("on", "Le", "On", "Jour de la décision", "Day of the decision"),
        text("by", "Par", "By", "Instance qui décide", "Body that decides"),
        text("scenario", "Scénario", "Scenario", "Nom court du scénario", "Short name of the scenario"),
        _sha256("scenario_sha256", "Empreinte du scénario", "Checksum of the scenario", "SHA-256", "SHA-256"),
        _sha256("programme_sha256", "Empreinte du programme", "Checksum of the programme",
                "SHA-256 de la table adopted_programme", "SHA-256 of the table adopted_programme"),
        _amount("differences_count", "Différences", "Differences",
                "Secteurs qui changent depuis la version précédente ; absent pour la première",
                "Sectors that change since the version before; absent for the first", nullable=True),
        _flag("synthetic", "Synthétique", "Synthetic", "Vrai si le programme ou le quorum est d'exemple",
              "True when the programme or the quorum is an example"),
        _sha256("previous_sha256", "Empreinte de la ligne précédente", "Checksum of the entry before",
                "SHA-256 de la ligne précédente ; absent pour la première",
                "SHA-256 of the entry before; absent for the first", nullable=True),
        _sha256("entry_sha256", "Empreinte de la ligne", "Checksum of the entry",
                "SHA-256 des autres cases de cette ligne", "SHA-256 of the other cells of this entry"),
    ),
)  # fmt: skip

adopted_programme = Contract(
    name="adopted_programme",
    title=("Programme inscrit", "Entered programme"),
    description=(
        "Ce qu'une version du programme décide : la phase de chaque secteur, son année, et de quel secteur il s'agit",
        "What a version of the programme decides: the phase of each sector, its year, and which sector that is",
    ),
    key=("sector_id",),
    columns=(
        SECTOR_ID,
        term("phase", Phase, "Phase", "Phase", "Phase du secteur", "Phase of the sector"),
        _year("year", "Année", "Year"),
        count("premises_count", "Locaux", "Premises", "Locaux du secteur", "Premises of the sector"),
        _sha256("sector_sha256", "Empreinte du secteur", "Checksum of the sector",
                "SHA-256 de son contour (au décimètre) et de ses locaux par EPCI",
                "SHA-256 of its shape (to the decimetre) and of its premises by EPCI"),
    ),
)  # fmt: skip

programme_changes = Contract(
    name="programme_changes",
    title=("Différences entre deux versions", "Differences between two versions"),
    description=(
        "Chaque secteur dont la phase, l'année, le contour ou les locaux changent d'une version du programme à la suivante",
        "Each sector whose phase, year, shape or premises change from one version of the programme to the next",
    ),
    key=("sector_id",),
    columns=(
        SECTOR_ID,
        _phase("phase_before", "Phase avant", "Phase before"),
        _phase("phase_after", "Phase après", "Phase after"),
        _year("year_before", "Année avant", "Year before"),
        _year("year_after", "Année après", "Year after"),
        count("premises_before", "Locaux avant", "Premises before", "Locaux du secteur", "Premises of the sector",
              nullable=True),
        count("premises_after", "Locaux après", "Premises after", "Locaux du secteur", "Premises of the sector",
              nullable=True),
        _flag("redrawn", "Redécoupé", "Redrawn", "Vrai si son contour ou ses locaux par EPCI ont changé",
              "True when its shape or its premises by EPCI have changed"),
    ),
)  # fmt: skip

conversions = Contract(
    name="conversions",
    title=("Passages d'une carte à l'autre", "Conversions between maps"),
    description=(
        "Ce que chaque territoire d'une carte donne à ceux d'une autre, et selon quel poids",
        "What each place of one map gives to those of another, and by which weight",
    ),
    key=("level", "code_from", "code_to"),
    columns=(
        text("level", "Niveau", "Level", "commune, epci ou sector", "commune, epci or sector"),
        text("map_from", "Carte de départ", "Map from", "Millésime ou version", "Year or version"),
        text("map_to", "Carte d'arrivée", "Map to", "Millésime ou version", "Year or version"),
        text("code_from", "De", "From", "Code sur la carte de départ", "Code on the map from"),
        text("code_to", "Vers", "To", "Code sur la carte d'arrivée", "Code on the map to"),
        _weight("weight", "Poids commun", "Weight in common", "Ce que les deux ont en commun", "What the two have in common"),
        _weight("weight_total", "Poids de départ", "Weight from", "Ce que pèse le territoire de départ", "What the place from weighs"),
        text("weighed_by", "Pesé par", "Weighed by", "Nature du poids", "Kind of weight"),
        _flag("is_split", "Partagé", "Split", "Vrai si le territoire de départ va à plusieurs", "True when the place from goes to several"),
    ),
)  # fmt: skip

carried = Contract(
    name="carried",
    title=("Ce qui a été reporté", "What was carried over"),
    description=(
        "Chaque montant, vote ou nombre reporté d'une carte à l'autre, partage par partage",
        "Each amount, vote or number carried from one map to another, split by split",
    ),
    key=("measure", "owner", "code_from", "code_to"),
    columns=(
        text("measure", "Mesure", "Measure", "Colonne, ou vœu, qui est reporté", "Column, or wish, that is carried"),
        Column(name="owner", type="str", pattern=f"(?:{ACTOR})?", blank=True, example="243500741", title=("EPCI", "EPCI"),
               description=("EPCI dont c'est le vœu ; vide pour un nombre", "EPCI whose wish it is; empty for a number")),
        text("code_from", "De", "From", "Code sur la carte de départ", "Code on the map from"),
        text("code_to", "Vers", "To", "Code sur la carte d'arrivée", "Code on the map to"),
        Column(name="amount", type="int", nullable=True, title=("Montant", "Amount"),
               description=("Part reportée ; absente si inconnue", "Part carried; absent when unknown")),
        _flag("kept", "Retenu", "Kept", "Faux si le vœu n'a pu être reporté", "False when the wish could not be carried"),
    ),
)  # fmt: skip

carried_results = Contract(
    name="carried_results",
    title=("Résultats sur une autre carte", "Results on another map"),
    description=(
        "Lignes et euros de chaque EPCI d'un plan, réexprimés sur les EPCI d'une autre carte, totaux conservés",
        "Lines and euros of each EPCI of a plan, put into the EPCI of another map, totals conserved",
    ),
    key=("epci_siren", "measure"),
    columns=(
        actor(),
        text("measure", "Mesure", "Measure", "Colonne de la table balances", "Column of the table balances", example="lines_phase_2"),
        Column(name="amount", type="int", nullable=True, title=("Montant", "Amount"),
               description=("Lignes ou centimes ; absent si inconnu", "Lines or cents; absent when unknown")),
    ),
)  # fmt: skip

carried_totals = Contract(
    name="carried_totals",
    title=("Totaux avant et après", "Totals before and after"),
    description=(
        "Ce qui est conservé d'une carte à l'autre, et ce qui n'a pu être reporté",
        "What is conserved from one map to another, and what could not be carried",
    ),
    key=("measure",),
    columns=(
        text("measure", "Mesure", "Measure", "Colonne, ou vœu, qui est reporté", "Column, or wish, that is carried"),
        Column(name="before", type="int", nullable=True, title=("Avant", "Before"), description=("Total connu sur la carte de départ", "Known total on the map from")),
        Column(name="after", type="int", nullable=True, title=("Après", "After"), description=("Total connu sur la carte d'arrivée", "Known total on the map to")),
        Column(name="unknown_count", type="int", minimum=0, title=("Inconnus", "Unknown"), description=("Territoires d'arrivée dont le montant est inconnu", "Places to whose amount is unknown")),
        Column(name="split_count", type="int", minimum=0, title=("Partages", "Splits"), description=("Territoires de départ partagés entre plusieurs", "Places from that are split among several")),
    ),
)  # fmt: skip

TABLES = (
    envelope_shares, calendar, advice, vote_status, quorum, adoptions, adopted_programme,
    programme_changes, conversions, carried, carried_results, carried_totals,
)  # fmt: skip
