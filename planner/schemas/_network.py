"""What a network may be laid along: roads, and the support graph made of them."""

from __future__ import annotations

from planner.contracts import Column, Contract
from planner.schemas._columns import SOURCE, SYNTHETIC, cents, count, metres, term, text
from planner.vocab import Laying, RoadClass

_LAYING = term(
    "laying", Laying, "Mode de pose", "Laying", "Comment le câble est posé", "How the cable is laid"
)
_LENGTH = Column(
    name="length_m", type="float", unit="m", minimum=0, title=("Longueur", "Length"),
    description=("Longueur du tracé, à plat (EPSG:2154)", "Length of the line, flat (EPSG:2154)"),
)  # fmt: skip

roads = Contract(
    name="roads",
    title=("Voies", "Roads"),
    description=("Voies le long desquelles un réseau peut être posé", "Roads along which a network may be laid"),
    key=("road_id",),
    geometry="LineString",
    columns=(
        text("road_id", "Voie", "Road", "Identifiant stable du tronçon", "Stable identifier of the stretch of road"),
        term("road_class", RoadClass, "Classe", "Class", "Ce qu'est la voie pour qui pose un câble",
             "What the road is to whoever lays a cable"),
        text("nature", "Nature", "Nature", "Valeur de la source : highway ou nature", "Value of the source: highway or nature",
             nullable=True),
        Column(name="level", type="int", title=("Niveau", "Level"),
               description=("0 au sol, 1 ou plus sur un pont, -1 ou moins dans un tunnel", "0 on the ground, 1 or more on a bridge, -1 or less in a tunnel")),
        text("nom", "Nom", "Name", "Nom usuel de la voie", "Usual name of the road", nullable=True),
        SOURCE,
        SYNTHETIC,
    ),
)  # fmt: skip

support_nodes = Contract(
    name="support_nodes",
    title=("Graphe de support : nœuds", "Support graph: nodes"),
    description=("Où les voies et les infrastructures se rejoignent", "Where roads and infrastructure meet"),
    key=("node",),
    geometry="Point",
    columns=(
        count("node", "Nœud", "Node", "Numéro, dans l'ordre de x puis de y", "Number, in the order of x, then y", unit="1"),
        metres("x_m", "X", "X"),
        metres("y_m", "Y", "Y"),
        count("component", "Composante", "Component", "Morceau du graphe, 0 le plus long", "Piece of the graph, 0 the longest", unit="1"),
    ),
)  # fmt: skip

support_edges = Contract(
    name="support_edges",
    title=("Graphe de support : arêtes", "Support graph: edges"),
    description=("Le long de quoi un câble peut être posé, et à quel coût", "What a cable may be laid along, and at what cost"),
    key=("edge_id",),
    geometry="LineString",
    columns=(
        text("edge_id", "Arête", "Edge", "Identifiant : voie et rang le long d'elle", "Identifier: way and rank along it"),
        count("from_node", "Nœud de départ", "From node", "Plus petit nœud", "Smaller node", unit="1"),
        count("to_node", "Nœud d'arrivée", "To node", "Plus grand nœud", "Larger node", unit="1"),
        _LENGTH,
        _LAYING,
        cents("cost_cents", "Coût de pose", "Cost of laying", "Longueur × prix au mètre, au centime", "Length × price a metre, to the cent"),
        text("way_id", "Voie", "Way", "Voie, cheminement ou raccord d'où vient l'arête", "Road, way or link that the edge comes from"),
        SOURCE,
        SYNTHETIC,
    ),
)  # fmt: skip

support_access = Contract(
    name="support_access",
    title=("Accès au support", "Access to the support"),
    description=("Le point du support le plus proche de chaque local", "The nearest point of the support to each premise"),
    key=("premise_id",),
    columns=(
        text("premise_id", "Local", "Premise", "Identifiant du local", "Identifier of the premise"),
        text("edge_id", "Arête", "Edge", "Arête la plus proche", "Nearest edge"),
        Column(name="offset_m", type="float", unit="m", minimum=0, title=("Abscisse", "Offset"),
               description=("Distance le long de l'arête depuis son premier nœud", "Distance along the edge from its first node")),
        Column(name="distance_m", type="float", unit="m", minimum=0, title=("Distance", "Distance"),
               description=("Distance à vol d'oiseau du local à l'arête", "Straight distance from the premise to the edge")),
        metres("x_m", "X", "X"),
        metres("y_m", "Y", "Y"),
        count("component", "Composante", "Component", "Morceau du graphe, 0 le plus long", "Piece of the graph, 0 the longest", unit="1"),
        Column(name="beyond_reach", type="bool", title=("Hors de portée", "Beyond reach"),
               description=("Vrai au-delà de la portée des règles", "True beyond the reach of the rules")),
    ),
)  # fmt: skip

TABLES = (roads, support_nodes, support_edges, support_access)
