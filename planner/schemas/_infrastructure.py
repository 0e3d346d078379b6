"""What exists in the ground and on poles, and who serves which area: what partners deliver."""

from __future__ import annotations

from planner.contracts import Column, Contract
from planner.schemas._columns import SOURCE, SYNTHETIC, count, date, term, text
from planner.vocab import (
    AreaLevel,
    Condition,
    NetworkUse,
    PointState,
    SiteKind,
    StudyStage,
    Support,
    TechnicalPoint,
    Tenure,
    WorkState,
)


def _works() -> tuple[Column, ...]:
    """Return what is said of every work."""
    return (
        term("state", WorkState, "État", "State", "Avancement ; absent si inconnu",
             "How far it is; absent when unknown", nullable=True),
        term("stage", StudyStage, "Stade", "Stage", "Stade de l'étude", "Stage of the study", nullable=True),
        term("condition", Condition, "Condition", "Condition", "État physique ; absent si inconnu",
             "Physical condition; absent when unknown", nullable=True),
        term("tenure", Tenure, "Droit d'usage", "Tenure", "À quel titre l'ouvrage est employé ; loué ou occupé : il existe",
             "By what right the work is used; rented or occupied: it exists", nullable=True),
        text("owner", "Propriétaire", "Owner", "Nom ou code du propriétaire", "Name or code of the owner", nullable=True),
        SOURCE,
        SYNTHETIC,
    )  # fmt: skip


def _node(name: str = "node_id", fr: str = "Nœud", en: str = "Node") -> Column:
    return text(name, fr, en, "Nœud du réseau ; absent s'il n'est pas livré",
                "Node of the network; absent when it was not delivered", nullable=True)  # fmt: skip


def _length(name: str, fr: str, en: str, about_fr: str, about_en: str, *, nullable: bool) -> Column:
    return Column(name=name, type="float", unit="m", minimum=0, nullable=nullable, title=(fr, en),
                  description=(about_fr, about_en))  # fmt: skip


infrastructure = Contract(
    name="infrastructure",
    title=("Infrastructure : cheminements", "Infrastructure: ways"),
    description=(
        "Par où un câble passe ou peut passer, et ce qui le porte",
        "Where a cable goes or can go, and what carries it",
    ),
    key=("way_id",),
    geometry="LineString",
    columns=(
        text("way_id", "Cheminement", "Way", "Identifiant stable", "Stable identifier"),
        term("support", Support, "Support", "Support", "Ce qui porte le câble ; absent si inconnu",
             "What carries the cable; absent when unknown", nullable=True),
        _node("from_node", "Nœud de départ", "From node"),
        _node("to_node", "Nœud d'arrivée", "To node"),
        term("use", NetworkUse, "Usage", "Use", "Partie du réseau desservie", "Part of the network served", nullable=True),
        count("ducts_count", "Conduites", "Ducts", "Conduites du cheminement ; absent si aucune n'est rattachée",
              "Ducts of the way; absent when none is tied to it", unit="ducts", nullable=True),
        _length("length_m", "Longueur", "Length", "Longueur du tracé, à plat (EPSG:2154)", "Length of the line, flat (EPSG:2154)",
                nullable=False),
        _length("stated_length_m", "Longueur déclarée", "Stated length", "Longueur que dit la livraison",
                "Length that the delivery states", nullable=True),
        *_works(),
    ),
)  # fmt: skip

infrastructure_points = Contract(
    name="infrastructure_points",
    title=("Infrastructure : points techniques", "Infrastructure: technical points"),
    description=(
        "Appuis, chambres, ancrages : où un câble est porté, tiré ou raccordé",
        "Poles, chambers, anchors: where a cable is carried, pulled or spliced",
    ),
    key=("point_id",),
    geometry="Point",
    columns=(
        text("point_id", "Point technique", "Technical point", "Identifiant stable", "Stable identifier"),
        _node(),
        term("kind", TechnicalPoint, "Nature", "Kind", "Ce qui se trouve au point ; absent si inconnu",
             "What stands at the point; absent when unknown", nullable=True),
        text("model", "Modèle", "Model", "Code du modèle, comme PBOI (poteau bois) ou L2T (chambre)",
             "Code of the model, such as PBOI (wooden pole) or L2T (chamber)", nullable=True),
        *_works(),
    ),
)  # fmt: skip

existing_sites = Contract(
    name="existing_sites",
    title=("Sites techniques existants ou étudiés", "Technical sites, existing or under study"),
    description=(
        "NRO, PM et autres sites livrés par un partenaire",
        "NRO, PM and other sites that a partner delivered",
    ),
    key=("site_id",),
    geometry="Point",
    columns=(
        text("site_id", "Site", "Site", "Identifiant stable", "Stable identifier"),
        _node(),
        term("kind", SiteKind, "Nature", "Kind", "Ce que le site héberge ; absent si inconnu",
             "What the site houses; absent when unknown", nullable=True),
        text("nom", "Nom", "Name", "Nom usuel ou référence", "Usual name or reference", nullable=True),
        count("lines_count", "Lignes", "Lines", "Lignes que le site peut desservir", "Lines that the site can serve",
              unit="lines", nullable=True),
        *_works(),
    ),
)  # fmt: skip

service_areas = Contract(
    name="service_areas",
    title=("Zones arrière", "Service areas"),
    description=(
        "Ce que dessert un NRO, un PM ou un déploiement, tel que livré",
        "What an NRO, a PM or a deployment serves, as delivered",
    ),
    key=("level", "area_id"),
    geometry="Polygon",
    columns=(
        term("level", AreaLevel, "Niveau", "Level", "Ce qui dessert la zone", "What serves the area"),
        text("area_id", "Zone", "Area", "Identifiant stable", "Stable identifier"),
        text("parent_id", "Zone mère", "Parent area", "NRO d'un PM, PM d'un déploiement ; absente si elle n'est pas livrée",
             "NRO of a PM, PM of a deployment; absent when it was not delivered", nullable=True),
        _node(),
        text("reference", "Référence", "Reference", "Référence réglementaire, celle du PM par exemple",
             "Regulatory reference, that of the PM for instance", nullable=True),
        term("state", PointState, "État", "State", "État du NRO ou du PM", "State of the NRO or PM", nullable=True),
        term("stage", StudyStage, "Stade", "Stage", "Stade de l'étude", "Stage of the study", nullable=True),
        count("premises_count", "Locaux", "Premises", "Locaux déclarés", "Premises stated", nullable=True),
        count("capacity_count", "Capacité", "Capacity", "Lignes que le point peut desservir", "Lines that the point can serve",
              unit="lines", nullable=True),
        date("available_on", "Mise à disposition", "Available on", "Jour où le PM est mis à disposition",
             "Day on which the PM is made available", nullable=True),
        SOURCE,
        SYNTHETIC,
    ),
)  # fmt: skip

TABLES = (infrastructure, infrastructure_points, existing_sites, service_areas)
