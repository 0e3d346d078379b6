"""What sectors are compared by: copper cabinets, public sites, users' own values, criteria."""

from __future__ import annotations

from planner.contracts import Column, Contract
from planner.schemas._columns import NOM, SECTOR_ID, SOURCE, SYNTHETIC, metres, text

_PPM = "ppm"
_CRITERION = text(
    "criterion", "Critère", "Criterion",
    "Identifiant du critère (criteria.each du scénario)", "Identifier of the criterion (criteria.each of the scenario)",
    pattern=r"[a-z][a-z0-9_]*", example="under_8_mbps",
)  # fmt: skip

cabinets = Contract(
    name="cabinets",
    title=("Répartiteurs du réseau cuivre", "Cabinets of the copper network"),
    description=(
        "Points d'où partent les lignes de cuivre (NRA ou sous-répartiteur)",
        "Points from which copper lines leave (exchange or street cabinet)",
    ),
    key=("cabinet_id",),
    columns=(
        text("cabinet_id", "Répartiteur", "Cabinet", "Identifiant stable", "Stable identifier"),
        metres("x_m", "X", "X"),
        metres("y_m", "Y", "Y"),
        Column(
            name="attenuation_db", type="float", minimum=0, unit="dB",
            title=("Affaiblissement au point", "Attenuation at the point"),
            description=("Affaiblissement de la ligne jusqu'à ce point (A_pc de la formule)",
                         "Attenuation of the line up to this point (A_pc of the formula)"),
        ),
        Column(
            name="vdsl2", type="bool", title=("VDSL2", "VDSL2"),
            description=("Le répartiteur offre le VDSL2", "The cabinet offers VDSL2"),
        ),
        SOURCE,
        SYNTHETIC,
    ),
)  # fmt: skip

public_sites = Contract(
    name="public_sites",
    title=("Sites publics", "Public sites"),
    description=("Écoles, santé, services : un site par ligne", "Schools, health, services: one site a row"),
    key=("site_id",),
    columns=(
        text("site_id", "Site", "Site", "Identifiant stable (UAI d'une école)", "Stable identifier (UAI of a school)"),
        NOM,
        text("kind", "Nature", "Kind", "Nature, dans les mots de la source", "Kind, in the words of the source",
             nullable=True),
        metres("x_m", "X", "X"),
        metres("y_m", "Y", "Y"),
        SOURCE,
        SYNTHETIC,
    ),
)  # fmt: skip

sector_values = Contract(
    name="sector_values",
    title=("Valeurs propres aux secteurs", "Users' own values of sectors"),
    description=(
        "Critères que l'utilisateur apporte (tourisme, travaux de voirie…), une valeur par secteur",
        "Criteria that the user brings (tourism, road works…), one value a sector",
    ),
    key=("sector_id", "criterion"),
    columns=(
        SECTOR_ID,
        _CRITERION,
        Column(
            name="value", type="float", title=("Valeur", "Value"),
            description=("Dans l'unité du scénario", "In the unit of the scenario"),
        ),
        SOURCE,
        SYNTHETIC,
    ),
)  # fmt: skip

feeders = Contract(
    name="feeders",
    title=("Ordre des secteurs sur le réseau", "Order of the sectors on the network"),
    description=(
        "Le secteur qui précède chaque secteur sur le transport, du NRO vers l'abonné",
        "The sector before each sector on the feeder, from the NRO to the subscriber",
    ),
    key=("sector_id",),
    columns=(
        SECTOR_ID,
        text("feeder_id", "Secteur précédent", "Sector before",
             "Secteur par lequel passe son transport ; absent : droit du NRO, ou d'un réseau ouvert",
             "Sector that its feeder goes through; absent: straight from the NRO, or an open network",
             nullable=True),
        SOURCE,
        SYNTHETIC,
    ),
)  # fmt: skip

criteria = Contract(
    name="criteria",
    title=("Critères par secteur", "Criteria by sector"),
    description=(
        "Valeur de chaque critère pour chaque secteur à décider, ramenée de 0 à 1 million puis pondérée",
        "Value of each criterion for each sector to decide on, brought to 0 to 1 million, then weighted",
    ),
    key=("sector_id", "criterion"),
    columns=(
        SECTOR_ID,
        _CRITERION,
        Column(
            name="value", type="float", title=("Valeur", "Value"),
            description=("Dans son unité", "In its unit"),
        ),
        text("unit", "Unité", "Unit", "Unité de la valeur ; vide pour une part", "Unit of the value; empty for a share", blank=True),
        Column(
            name="normalised_ppm", type="int", minimum=0, maximum=1_000_000, unit=_PPM,
            title=("Note", "Mark"),
            description=("De 0 (dernier) à 1 000 000 (premier), selon la normalisation du scénario",
                         "From 0 (last) to 1 000 000 (first), by the scenario's normalisation"),
        ),
        Column(
            name="weight_ppm", type="int", minimum=0, maximum=1_000_000, unit=_PPM,
            title=("Poids", "Weight"),
            description=("Part du critère ; les poids des critères actifs font 1 000 000",
                         "Share of the criterion; weights of active criteria make 1 000 000"),
        ),
        Column(
            name="contribution_ppm", type="int", minimum=0, maximum=1_000_000, unit=_PPM,
            title=("Contribution", "Contribution"),
            description=("Note × poids, arrondie au millionième : le score du secteur en est la somme",
                         "Mark × weight, rounded to a millionth: the sector's score is their sum"),
        ),
        SYNTHETIC,
    ),
)  # fmt: skip

criteria_scores = Contract(
    name="criteria_scores",
    title=("Scores des secteurs", "Scores of sectors"),
    description=("Somme pondérée des critères", "Weighted sum of the criteria"),
    key=("sector_id",),
    columns=(
        SECTOR_ID,
        Column(
            name="score_ppm", type="int", minimum=0, unit=_PPM, title=("Score", "Score"),
            description=("Somme des contributions", "Sum of the contributions"),
        ),
        Column(
            name="rank", type="int", minimum=1, title=("Rang", "Rank"),
            description=("1 est le premier ; les ex æquo ont le même rang", "1 comes first; the tied share a rank"),
        ),
        SYNTHETIC,
    ),
)  # fmt: skip


TABLES = (cabinets, public_sites, sector_values, feeders, criteria, criteria_scores)
