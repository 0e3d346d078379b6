"""The territory and what stands on it: places, premises, sectors, zones."""

from __future__ import annotations

from planner.contracts import Column, Contract
from planner.schemas._columns import (
    NOM,
    SECTOR_ID,
    SOURCE,
    SYNTHETIC,
    count,
    date,
    insee,
    metres,
    siren,
    term,
    text,
)
from planner.vocab import (
    AreaKind,
    Level,
    Phase,
    PremiseKind,
    PremiseState,
    RegulatoryZone,
    SectorStage,
    ZoneKind,
)

communes = Contract(
    name="communes",
    title=("Communes", "Communes"),
    description=("Communes du territoire, une par ligne", "Communes of the territory, one a row"),
    key=("insee",),
    geometry="Polygon",
    columns=(
        insee(),
        NOM,
        text("departement", "Département", "Département", "Code du département", "Code of the département"),
        siren(nullable=True),
        count("population", "Population", "Population", "Population légale", "Legal population", unit="inhabitants"),
        term(
            "regulatory_zone", RegulatoryZone, "Zone réglementaire", "Regulatory zone",
            "Qui peut y construire le réseau", "Who may build the network there",
        ),
        metres("bourg_x_m", "X du bourg", "X of the bourg"),
        metres("bourg_y_m", "Y du bourg", "Y of the bourg"),
    ),
)  # fmt: skip

epci = Contract(
    name="epci",
    title=("EPCI", "EPCI"),
    description=(
        "EPCI du scénario (partie située dans la région)",
        "EPCI of the scenario (the part that lies in the region)",
    ),
    key=("siren",),
    geometry="Polygon",
    columns=(
        siren("siren"),
        NOM,
        text("nature", "Nature", "Nature", "CC, CA, CU ou métropole", "CC, CA, CU or metropolis"),
        Column(
            name="beyond_region", type="bool", title=("Déborde la région", "Reaches beyond the region"),
            description=("Des communes membres sont hors de la région", "Some members lie outside the region"),
        ),
        Column(
            name="member", type="bool", nullable=True,
            title=("Membre du syndicat", "Member of the syndicat"),
            description=("Membre du syndicat mixte", "Member of the syndicat mixte"),
        ),
        Column(
            name="public_premises", type="bool", title=("A des locaux publics", "Has public premises"),
            description=(
                "Une partie au moins relève de l'initiative publique : un vote est attendu",
                "Some part is of public initiative: a ballot is due",
            ),
        ),
    ),
)  # fmt: skip

departements = Contract(
    name="departements",
    title=("Départements", "Départements"),
    description=("Départements du territoire", "Départements of the territory"),
    key=("code",),
    geometry="Polygon",
    columns=(text("code", "Code", "Code", "Code du département", "Code of the département"), NOM),
)

region = Contract(
    name="region",
    title=("Région", "Region"),
    description=("La région, une ligne", "The region, one row"),
    key=("code",),
    geometry="Polygon",
    columns=(text("code", "Code", "Code", "Code de la région", "Code of the region"), NOM),
)

villes_moyennes = Contract(
    name="villes_moyennes",
    title=("Villes moyennes", "Villes moyennes"),
    description=("Villes moyennes de la phase 1", "Villes moyennes of phase 1"),
    key=("insee",),
    columns=(
        insee(),
        NOM,
        count("tranche", "Tranche", "Tranche", "Tranche de la phase 1", "Tranche of phase 1", unit=""),
        siren(),
        text("reading", "Lecture", "Reading", "read, damaged ou inferred", "read, damaged or inferred"),
        SOURCE,
    ),
)  # fmt: skip

premises = Contract(
    name="premises",
    title=("Locaux", "Premises"),
    description=(
        "Un local, ou un immeuble dont le nombre de locaux est un nombre ou un intervalle",
        "A premise, or a building whose number of premises is a number or an interval",
    ),
    key=("premise_id",),
    columns=(
        text("premise_id", "Local", "Premise", "Identifiant stable", "Stable identifier"),
        text(
            "building_id", "Immeuble", "Building",
            "Identifiant de l'immeuble, commun à ses locaux", "Identifier of the building, shared by its premises",
        ),
        insee(),
        term("kind", PremiseKind, "Nature", "Kind", "Logement, professionnel, site public ; absent si inconnu",
              "Dwelling, business, public site; absent when unknown", nullable=True),
        count("premises_min", "Locaux (min)", "Premises (min)",
               "Nombre de locaux de la ligne, borne basse", "Premises of the row, lower bound"),
        count("premises_max", "Locaux (max)", "Premises (max)",
               "Borne haute ; égale à la borne basse si le nombre est connu",
               "Upper bound; equal to the lower one when the number is known", nullable=True),
        metres("x_m", "X", "X"),
        metres("y_m", "Y", "Y"),
    ),
)  # fmt: skip

state_changes = Contract(
    name="state_changes",
    title=("Changements d'état", "Changes of state"),
    description=(
        "États datés des locaux : l'état à une date est le dernier changement jusqu'à elle incluse",
        "Dated states of premises: the state on a day is the last change up to and including it",
    ),
    key=("premise_id", "on"),
    columns=(
        text("premise_id", "Local", "Premise", "Identifiant du local", "Identifier of the premise"),
        date("on", "Date", "Date", "Jour du changement", "Day of the change"),
        term("state", PremiseState, "État", "State", "État du local", "State of the premise"),
    ),
)  # fmt: skip

sectors = Contract(
    name="sectors",
    title=("Secteurs", "Sectors"),
    description=(
        "L'unité de décision, indivisible, future zone d'un point de mutualisation",
        "The indivisible unit of decision, later the area of a concentration point",
    ),
    key=("sector_id",),
    geometry="Polygon",
    columns=(
        SECTOR_ID,
        NOM,
        insee(title=("Commune principale", "Main commune")),
        text("departement", "Département", "Département", "Code du département", "Code of the département"),
        siren(nullable=True, title=("EPCI principal", "Main EPCI")),
        term("area_kind", AreaKind, "Urbain ou rural", "Urban or rural",
              "Urbain : dans la zone d'une ville moyenne, sauf choix contraire",
              "Urban: in the zone of a ville moyenne, unless set otherwise"),
        count("premises_count", "Locaux", "Premises", "Locaux du secteur (borne basse)",
               "Premises of the sector (lower bound)"),
        text("zone_id", "Zone", "Zone", "Zone de déploiement ; absente hors phase 1",
              "Deployment zone; absent outside phase 1", nullable=True),
        SYNTHETIC,
    ),
)  # fmt: skip

sector_shares = Contract(
    name="sector_shares",
    title=("Parts des secteurs par EPCI", "Shares of sectors by EPCI"),
    description=(
        "Locaux de chaque secteur dans chaque EPCI : chacun compte et paie sa part",
        "Premises of each sector in each EPCI: each counts and pays its own share",
    ),
    key=("sector_id", "epci_siren"),
    columns=(
        SECTOR_ID,
        text("epci_siren", "EPCI (SIREN)", "EPCI (SIREN)",
              "SIREN ; vide pour la part sans EPCI", "SIREN; empty for the share without EPCI", blank=True),
        count("premises_count", "Locaux", "Premises", "Locaux du secteur dans l'EPCI",
               "Premises of the sector in the EPCI"),
    ),
)  # fmt: skip

stage_changes = Contract(
    name="stage_changes",
    title=("Changements de stade", "Changes of stage"),
    description=("Stades datés des secteurs", "Dated stages of sectors"),
    key=("sector_id", "on"),
    columns=(
        SECTOR_ID,
        date("on", "Date", "Date", "Jour du changement", "Day of the change"),
        term("stage", SectorStage, "Stade", "Stage", "Stade du secteur", "Stage of the sector"),
    ),
)

zones = Contract(
    name="zones",
    title=("Zones de déploiement", "Deployment zones"),
    description=(
        "Groupe nommé de secteurs entiers : ce que comptent le rapport et les marchés",
        "Named group of whole sectors: what the report and the contracts count",
    ),
    key=("zone_id",),
    geometry="Polygon",
    columns=(
        text("zone_id", "Zone", "Zone", "Identifiant stable", "Stable identifier", example="T1-VM-35236"),
        NOM,
        term("kind", ZoneKind, "Nature", "Kind", "Ville moyenne ou rurale", "Ville moyenne or rural"),
        term("phase", Phase, "Phase", "Phase", "Phase de la zone", "Phase of the zone"),
        count("tranche", "Tranche", "Tranche", "Tranche de la phase", "Tranche of the phase", unit="", nullable=True),
        insee("ville_moyenne_insee", nullable=True, title=("Ville moyenne", "Ville moyenne")),
        count("sectors_count", "Secteurs", "Sectors", "Secteurs de la zone", "Sectors of the zone", unit="sectors"),
        count("premises_count", "Locaux", "Premises", "Locaux comptés dans la géométrie",
               "Premises counted from the geometry"),
        SYNTHETIC,
    ),
)  # fmt: skip

programme_figures = Contract(
    name="programme_figures",
    title=("Chiffres publiés du programme", "Published figures of the programme"),
    description=(
        "Ce que disent le rapport et les autres sources, avec leur degré de certitude",
        "What the report and other sources say, with how sure it is",
    ),
    key=("phase", "tranche", "kind", "on", "source"),
    columns=(
        text("phase", "Phase", "Phase", "1, 2, 3 ou all", "1, 2, 3 or all"),
        count("tranche", "Tranche", "Tranche", "Tranche, absente pour la phase entière",
               "Tranche, absent for the whole phase", unit="", nullable=True),
        text("kind", "Nature", "Kind", "ville_moyenne, rural ou all", "ville_moyenne, rural or all"),
        count("zones_count", "Zones", "Zones", "Nombre de zones", "Number of zones", unit="zones", nullable=True),
        count("premises_count", "Locaux", "Premises", "Nombre de locaux", "Number of premises", nullable=True),
        count("serviceable_count", "Raccordables", "Serviceable", "Locaux raccordables",
               "Serviceable premises", nullable=True),
        date("on", "Au", "On", "Date du chiffre", "Date of the figure", nullable=True),
        text("certainty", "Certitude", "Certainty", "S rapport, V source publique, C calculé",
              "S report, V public source, C computed"),
        Column(
            name="preferred", type="bool", title=("Retenu", "Preferred"),
            description=("Le scénario emploie ce chiffre", "The scenario uses this figure"),
        ),
        SOURCE,
    ),
)  # fmt: skip

premises_figures = Contract(
    name="premises_figures",
    title=("Locaux publiés", "Published premises"),
    description=("Nombre de locaux par territoire, sans points", "Premises by territory, without points"),
    key=("level", "code"),
    columns=(
        term("level", Level, "Niveau", "Level", "Niveau du territoire", "Level of the territory"),
        text("code", "Code", "Code", "Code du territoire", "Code of the territory"),
        count("premises_count", "Locaux", "Premises", "Nombre de locaux", "Number of premises"),
        count("serviceable_count", "Raccordables", "Serviceable", "Locaux raccordables", "Serviceable premises",
               nullable=True),
        count("private_count", "Initiative privée", "Private initiative",
               "Dont locaux des communes d'initiative privée ; absent si inconnu",
               "Of which premises of communes of private initiative; absent when unknown", nullable=True),
        date("on", "Au", "On", "Date du chiffre", "Date of the figure"),
        SOURCE,
    ),
)  # fmt: skip

communes_history = Contract(
    name="communes_history",
    title=("Anciennes communes", "Former communes"),
    description=(
        "Où mène chaque commune d'un millésime antérieur, avec son nom et son EPCI d'alors",
        "Where each commune of an earlier vintage leads, with its name and its EPCI of then",
    ),
    key=("insee_2018",),
    columns=(
        insee("insee_2018", title=("Commune de 2018 (INSEE)", "Commune of 2018 (INSEE)")),
        text("nom_2018", "Nom de 2018", "Name of 2018", "Nom de la commune en 2018", "Name of the commune in 2018"),
        insee(),
        siren("epci_siren_2018", nullable=True, title=("EPCI de 2018 (SIREN)", "EPCI of 2018 (SIREN)")),
    ),
)  # fmt: skip

TABLES = (
    region, departements, epci, communes, communes_history, villes_moyennes, programme_figures, premises_figures,
    premises, state_changes, sectors, sector_shares, stage_changes, zones,
)  # fmt: skip
