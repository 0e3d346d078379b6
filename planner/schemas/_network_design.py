"""The network as it is designed: sites, routes, branching points, drops, quantities, prices."""

from __future__ import annotations

from planner.contracts import Column, Contract
from planner.schemas._columns import (
    SECTOR_ID,
    SOURCE,
    SYNTHETIC,
    cents,
    count,
    date,
    metres,
    share,
    term,
    text,
)
from planner.vocab import NetworkUse, Phase

_ITEM = r"[a-z][a-z0-9_]*"


def _length(name: str, fr: str, en: str, about_fr: str, about_en: str, **more: bool) -> Column:
    return Column(name=name, type="float", unit="m", minimum=0, title=(fr, en),
                  description=(about_fr, about_en), nullable=more.get("nullable", False))  # fmt: skip


def _flag(name: str, fr: str, en: str, about_fr: str, about_en: str) -> Column:
    return Column(name=name, type="bool", title=(fr, en), description=(about_fr, about_en))


_NRO_ID = text("nro_id", "NRO", "NRO", "Identifiant stable du NRO", "Stable identifier of the NRO")
_PHASE = term("phase", Phase, "Phase", "Phase", "Phase des travaux", "Phase of the works")
_LINES = count(
    "lines_count",
    "Lignes",
    "Lines",
    "Lignes desservies au-delà",
    "Lines served beyond",
    unit="lines",
)
_ITEM_COLUMN = text("item", "Article", "Item", "Article du bordereau de prix", "Item of the price book", pattern=_ITEM,
                    example="cable_24")  # fmt: skip
_EXISTING = _flag("existing", "Existant", "Existing", "Vrai si un site existant est réemployé",
                  "True when an existing site is used again")  # fmt: skip

nro = Contract(
    name="nro",
    title=("NRO", "NRO"),
    description=("Où les fibres se rejoignent : un NRO par ligne", "Where fibres meet: one NRO a row"),
    key=("nro_id",),
    geometry="Point",
    columns=(
        _NRO_ID,
        count("pm_count", "PM", "PM", "PM rattachés", "PM that it serves", unit="pm"),
        _LINES,
        count("capacity_count", "Capacité", "Capacity", "Lignes au plus", "Most lines", unit="lines"),
        _length("longest_loop_m", "Boucle la plus longue", "Longest loop", "Longueur du NRO au point de branchement le plus lointain",
                "Length from the NRO to the farthest branching point"),
        _EXISTING,
        SYNTHETIC,
    ),
)  # fmt: skip

pm = Contract(
    name="pm",
    title=("PM", "PM"),
    description=("Un point de mutualisation par secteur", "One concentration point a sector"),
    key=("sector_id",),
    geometry="Point",
    columns=(
        SECTOR_ID,
        _NRO_ID,
        _PHASE,
        _LINES,
        count("cabinets_count", "Armoires à poser", "Cabinets to set up",
              "Armoires à poser, au-delà de ce que tient un site existant",
              "Cabinets to set up, beyond what an existing site holds", unit="u"),
        count("capacity_count", "Capacité", "Capacity",
              "Lignes que tiennent les armoires posées et, s'il existe, le site",
              "Lines that the cabinets set up and, if it stands, the site hold", unit="lines"),
        _flag("remote_connection", "Raccordement distant", "Remote connection",
              "Vrai s'il dessert moins de lignes que le seuil sans offre de raccordement distant",
              "True when it serves fewer lines than the threshold without an offer of remote connection"),
        _length("feeder_m", "Transport", "Feeder", "Longueur du NRO au PM, le long du réseau", "Length from the NRO to the PM, along the network"),
        _EXISTING,
        SYNTHETIC,
    ),
)  # fmt: skip

routes = Contract(
    name="routes",
    title=("Tracés", "Routes"),
    description=(
        "Par où passent les câbles : un support, un usage, un site d'origine et une phase par ligne",
        "Where cables go: one support, use, site of origin and phase a row",
    ),
    key=("route_id",),
    geometry="LineString",
    columns=(
        text("route_id", "Tracé", "Route", "Identifiant stable", "Stable identifier"),
        text("edge_id", "Support", "Support", "Tronçon emprunté", "Support that is followed"),
        term("tier", NetworkUse, "Usage", "Use", "Transport ou distribution", "Feeder or distribution"),
        text("sector_id", "Secteur", "Sector", "Secteur desservi ; absent pour le transport", "Sector served; absent for the feeder",
             nullable=True),
        _NRO_ID,
        _PHASE,
        text("laying", "Mode de pose", "Laying", "Comment le câble est porté", "How the cable is carried", pattern=_ITEM),
        text("works", "Génie civil", "Works", "new : ouvert pour cette phase, par ce tracé ou avec lui ; reused : ouvert par une phase antérieure",
             "new: opened in this phase, by this route or with it; reused: opened by an earlier phase", pattern="new|reused"),
        _length("length_m", "Longueur", "Length", "Longueur du tracé, à plat (EPSG:2154)", "Length of the line, flat (EPSG:2154)"),
        _LINES,
        count("fibres_count", "Fibres", "Fibres", "Fibres qui passent, réserve comprise", "Fibres that go through, spare ones included",
              unit="fibres"),
        count("capacity_fibres_count", "Capacité", "Capacity", "Fibres que tiennent les câbles posés", "Fibres that the cables hold", unit="fibres"),
        count("cables_count", "Câbles", "Cables", "Câbles posés", "Cables laid", unit="cables"),
        text("cables", "Capacités", "Capacities", "Capacité de chaque câble posé, en fibres", "Capacity of each cable laid, in fibres",
             pattern=r"[1-9][0-9]*([+][1-9][0-9]*)*", example="720+144"),
        SYNTHETIC,
    ),
)  # fmt: skip

pbo = Contract(
    name="pbo",
    title=("Points de branchement", "Branching points"),
    description=("Où les lignes quittent la distribution, un lieu et un secteur par ligne",
                 "Where lines leave the distribution, one place and sector a row"),
    key=("pbo_id",),
    geometry="Point",
    columns=(
        text("pbo_id", "PBO", "PBO", "Identifiant stable du lieu", "Stable identifier of the place"),
        SECTOR_ID,
        _LINES,
        count("pbo_count", "PBO", "PBO", "Boîtiers posés", "Boxes placed", unit="pbo"),
        count("on_demand_count", "Sur demande", "On demand", "Lignes raccordables sur demande : leur branchement est long",
              "Lines serviceable on demand: their drop is long", unit="lines"),
        _flag("reached", "Atteint", "Reached", "Vrai si le réseau l'atteint depuis son PM", "True when the network reaches it from its PM"),
        _length("loop_m", "Boucle", "Loop", "Longueur depuis le NRO ; absente si le lieu n'est pas atteint",
                "Length from the NRO; absent when the place is not reached", nullable=True),
        SYNTHETIC,
    ),
)  # fmt: skip

drops = Contract(
    name="drops",
    title=("Branchements", "Drops"),
    description=("Du point de branchement à chaque local", "From the branching point to each premise"),
    key=("premise_id",),
    columns=(
        text("premise_id", "Local", "Premise", "Identifiant du local", "Identifier of the premise"),
        SECTOR_ID,
        text("pbo_id", "PBO", "PBO", "Lieu de branchement", "Place of the branching point"),
        metres("x_m", "X", "X"),
        metres("y_m", "Y", "Y"),
        _length("length_m", "Longueur", "Length", "Du local au point de branchement, à vol d'oiseau", "From the premise to the branching point, straight"),
        _flag("on_demand", "Sur demande", "On demand", "Vrai si le branchement dépasse le seuil énoncé", "True when the drop exceeds the stated threshold"),
        _flag("reached", "Atteint", "Reached", "Vrai si le réseau atteint son point de branchement", "True when the network reaches its branching point"),
    ),
)  # fmt: skip

quantities = Contract(
    name="quantities",
    title=("Métré", "Bill of materials"),
    description=("Quantité, prix et coût de chaque article : coût = quantité × prix, au centime",
                 "Quantity, price and cost of each item: cost = quantity × price, to the cent"),
    key=("phase", "sector_id", "item"),
    columns=(
        _PHASE,
        SECTOR_ID,
        _ITEM_COLUMN,
        text("unit", "Unité", "Unit", "m ou u", "m or u", pattern="[mu]"),
        count("quantity", "Quantité", "Quantity", "Nombre entier d'unités", "Whole number of units", unit=""),
        cents("unit_price_cents", "Prix unitaire", "Unit price", "Prix d'une unité", "Price of one unit"),
        cents("cost_cents", "Coût", "Cost", "Quantité × prix", "Quantity × price"),
        SYNTHETIC,
    ),
)  # fmt: skip

works_prices = Contract(
    name="works_prices",
    title=("Bordereau des travaux", "Price book of the works"),
    description=("Prix unitaire de chaque article du réseau", "Unit price of each item of the network"),
    key=("item",),
    columns=(
        _ITEM_COLUMN,
        text("unit", "Unité", "Unit", "m ou u", "m or u", pattern="[mu]"),
        cents("unit_price_cents", "Prix unitaire", "Unit price", "Prix d'une unité", "Price of one unit"),
        date("valid_from", "Valable dès", "Valid from", "Premier jour de validité", "First day on which it holds"),
        SOURCE,
        SYNTHETIC,
    ),
)  # fmt: skip

works_ratios = Contract(
    name="works_ratios",
    title=("Ratios des travaux", "Ratios of the works"),
    description=("Ce qui se compte par ratio faute de relevé : écart et état des appuis",
                 "What is counted by a ratio for want of a survey: spacing and condition of poles"),
    key=("ratio",),
    columns=(
        text("ratio", "Ratio", "Ratio", "pole_spacing_m : mètres d'un appui au suivant ; pole_replaced_share, pole_reinforced_share : parts des appuis "
             "existants à remplacer, à renforcer",
             "pole_spacing_m: metres from a pole to the next; pole_replaced_share, pole_reinforced_share: shares of existing poles to replace, to reinforce",
             pattern=_ITEM, example="pole_replaced_share"),
        Column(name="value", type="float", unit="", minimum=0, title=("Valeur", "Value"),
               description=("Mètres, ou part entre 0 et 1", "Metres, or a share from 0 to 1")),
        date("valid_from", "Valable dès", "Valid from", "Premier jour de validité", "First day on which it holds"),
        SOURCE,
        SYNTHETIC,
    ),
)  # fmt: skip

funding_keys = Contract(
    name="funding_keys",
    title=("Clés de financement", "Funding keys"),
    description=("Qui paie quelle part du coût ; les parts font 1", "Who pays which share of the cost; shares add up to 1"),
    key=("funder",),
    columns=(
        text("funder", "Financeur", "Funder", "region, departement, epci, state, europe", "region, departement, epci, state, europe",
             pattern=_ITEM),
        share("funding_share", "Part", "Share", "Part du coût, entre 0 et 1", "Share of the cost, from 0 to 1", maximum=1),
        date("valid_from", "Valable dès", "Valid from", "Premier jour de validité", "First day on which it holds"),
        SOURCE,
        SYNTHETIC,
    ),
)  # fmt: skip

network_costs = Contract(
    name="network_costs",
    title=("Coût du réseau", "Cost of the network"),
    description=("Coût et lignes par secteur, zone, EPCI et financeur, et coût d'une ligne",
                 "Cost and lines by sector, zone, EPCI and funder, and cost of a line"),
    key=("level", "code", "phase"),
    columns=(
        text("level", "Niveau", "Level", "region, sector, zone, epci ou funder", "region, sector, zone, epci or funder",
             pattern="region|sector|zone|epci|funder"),
        text("code", "Code", "Code", "Code dans le niveau ; vide pour ce qui n'a pas d'EPCI ou de zone", "Code in the level; empty for what has no EPCI or zone", blank=True),
        _PHASE,
        count("lines_count", "Lignes", "Lines", "Lignes atteintes", "Lines reached", unit="lines"),
        cents("cost_cents", "Coût", "Cost", "Coût du réseau", "Cost of the network"),
        cents("cents_per_line", "Coût d'une ligne", "Cost a line", "Coût divisé par les lignes, arrondi ; absent sans ligne",
              "Cost over lines, rounded; absent without a line", nullable=True),
        SYNTHETIC,
    ),
)  # fmt: skip

phasing = Contract(
    name="phasing",
    title=("Tranchées communes", "Dig once"),
    description=("Ce que coûtent les phases étudiées à part, et ensemble, par EPCI",
                 "What phases cost when designed apart, and together, by EPCI"),
    key=("epci_siren",),
    columns=(
        text("epci_siren", "EPCI (SIREN)", "EPCI (SIREN)", "SIREN ; vide pour la part sans EPCI", "SIREN; empty for the share without EPCI", blank=True),
        cents("apart_cents", "À part", "Apart", "Coût des phases étudiées à part", "Cost of the phases designed apart"),
        cents("together_cents", "Ensemble", "Together", "Coût des phases étudiées ensemble", "Cost of the phases designed together"),
        cents("saving_cents", "Économie", "Saving", "À part moins ensemble ; négative où l'on dimensionne pour d'autres",
              "Apart less together; negative where works are sized for others", minimum=None),
        SYNTHETIC,
    ),
)  # fmt: skip


def _laid(name: str, fr: str, en: str, about_fr: str, about_en: str) -> Column:
    return count(name, fr, en, about_fr, about_en, unit="m")


def _poles(name: str, fr: str, en: str, about_fr: str, about_en: str) -> Column:
    return count(name, fr, en, about_fr, about_en, unit="poles")


network_sectors = Contract(
    name="network_sectors",
    title=("Réseau par secteur", "Network by sector"),
    description=(
        "Ce que le réseau étudié est dans chaque secteur ; longueurs et coûts font ceux du métré",
        "What the designed network is in each sector; lengths and costs add up to the bill of materials",
    ),
    key=("sector_id",),
    columns=(
        SECTOR_ID,
        text("nro_id", "NRO", "NRO", "NRO qui le dessert ; absent si aucun ne l'atteint", "NRO that serves it; absent when none reaches it",
             nullable=True),
        _PHASE,
        count("lines_count", "Lignes", "Lines", "Lignes atteintes depuis le PM", "Lines reached from the PM", unit="lines"),
        count("unreached_count", "Non atteintes", "Not reached", "Lignes que le réseau n'atteint pas", "Lines that the network doesn't reach",
              unit="lines"),
        count("on_demand_count", "Sur demande", "On demand", "Lignes atteintes, raccordables sur demande : leur branchement est long",
              "Lines reached, serviceable on demand: their drop is long", unit="lines"),
        count("pbo_count", "PBO", "PBO", "Boîtiers posés", "Boxes placed", unit="pbo"),
        _flag("pm_existing", "PM existant", "Existing PM", "Vrai si un PM existant est réemployé", "True when an existing PM is used again"),
        _flag("nro_existing", "NRO existant", "Existing NRO", "Vrai si un NRO existant est réemployé", "True when an existing NRO is used again"),
        _length("feeder_m", "Transport", "Feeder", "Du NRO au PM le long du réseau ; absente sans NRO", "From the NRO to the PM along the network; absent without NRO",
                nullable=True),
        _length("shortest_m", "Plus court chemin", "Shortest way", "Du NRO au PM par le plus court des supports ; absente sans NRO",
                "From the NRO to the PM by the shortest supports; absent without NRO", nullable=True),
        count("nearer_full_count", "NRO pleins plus proches", "Nearer full NRO", "NRO retenus plus proches, mais sans place pour ses lignes",
              "NRO chosen that are nearer, but without room for its lines", unit="nro"),
        _length("longest_loop_m", "Boucle la plus longue", "Longest loop", "Du NRO au point de branchement le plus lointain ; absente sans NRO",
                "From the NRO to the farthest branching point; absent without NRO", nullable=True),
        _length("distribution_m", "Distribution", "Distribution", "Longueur de l'arbre de distribution, à plat", "Length of the distribution tree, flat"),
        _laid("existing_duct_m", "En fourreau existant", "In existing ducts", "Sa part, au mètre", "Its share, whole metres"),
        _laid("existing_poles_m", "Sur appuis existants", "On existing poles", "Sa part, au mètre", "Its share, whole metres"),
        _laid("new_poles_m", "Sur appuis à créer", "On new poles", "Sa part, au mètre", "Its share, whole metres"),
        _laid("trench_m", "En tranchée", "In trenches", "Sa part de toutes les tranchées, au mètre", "Its share of all trenches, whole metres"),
        _laid("other_m", "Autre pose", "Otherwise laid", "Sa part, au mètre : modes que le bordereau ajoute",
              "Its share, whole metres: kinds of laying that the price book adds"),
        _laid("reused_m", "Ouvert avant", "Opened before", "Ouvert par une phase antérieure : un fourreau de plus suffit, au mètre",
              "Opened by an earlier phase: one more duct is enough, whole metres"),
        _laid("cables_m", "Câbles", "Cables", "Longueur de câbles, sa part du transport comprise", "Length of cables, its share of the feeder included"),
        _poles("poles_used_count", "Appuis empruntés", "Poles followed", "Appuis existants que ses câbles suivent, sa part en nombre entier",
               "Existing poles that its cables follow, its share in whole poles"),
        _poles("poles_new_count", "Appuis à poser", "New poles", "Sa part, en nombre entier", "Its share, in whole poles"),
        _poles("poles_replaced_count", "Appuis à remplacer", "Poles to replace", "Sa part, en nombre entier", "Its share, in whole poles"),
        _poles("poles_reinforced_count", "Appuis à renforcer", "Poles to reinforce", "Sa part, en nombre entier", "Its share, in whole poles"),
        cents("works_cents", "Génie civil", "Civil works", "Supports, appuis et tranchées", "Supports, poles and trenches"),
        cents("cables_cents", "Câbles", "Cables", "Câbles posés", "Cables laid"),
        cents("sites_cents", "Sites", "Sites", "Son PM, et le NRO s'il en porte le coût", "Its PM, and the NRO when it bears its cost"),
        cents("branching_cents", "PBO et branchements", "PBO and drops", "Boîtiers et branchements", "Boxes and drops"),
        cents("cost_cents", "Coût", "Cost", "Somme des quatre", "Sum of the four"),
        cents("cents_per_line", "Coût d'une ligne", "Cost a line", "Coût divisé par les lignes, arrondi ; absent sans ligne",
              "Cost over lines, rounded; absent without a line", nullable=True),
        cents("avoided_cents", "Épargné", "Spared", "Ce que les mètres ouverts avant auraient coûté de plus s'il avait fallu les ouvrir, arrondi",
              "What the metres opened before would have cost beyond that, had they to be opened, rounded"),
        SYNTHETIC,
    ),
)  # fmt: skip

feeder_choices = Contract(
    name="feeder_choices",
    title=("Pourquoi chaque transport", "Why each feeder"),
    description=(
        "Ce qu'on ouvre pour le transport d'un secteur, et ce que demanderait le meilleur autre chemin",
        "What is opened for the feeder of a sector, and what the next best way would cost",
    ),
    key=("sector_id",),
    columns=(
        SECTOR_ID,
        _length("feeder_m", "Transport", "Feeder", "Du NRO au PM le long du réseau", "From the NRO to the PM along the network"),
        _length("shared_m", "Partagé", "Shared", "Ce que d'autres câbles suivent aussi, ou qu'une phase antérieure a ouvert",
                "What other cables follow too, or that an earlier phase has opened"),
        _length("alone_m", "Ouvert pour lui", "Opened for it", "Ce que nul autre transport ni phase antérieure n'ouvre", "What no other feeder or earlier phase opens"),
        text("laying", "Mode de pose", "Laying", "Celui du plus de mètres", "That of most metres", pattern=_ITEM, nullable=True),
        text("alone_laying", "Pose, pour lui", "Laying, for it", "Celle du plus de mètres ouverts pour lui ; absente s'il n'y en a pas",
             "That of most metres opened for it; absent when there is none", pattern=_ITEM, nullable=True),
        cents("way_cents", "Coût du chemin", "Cost of the way", "Ce qui est ouvert pour lui, et le plus fin des câbles tout du long",
              "What is opened for it, and the thinnest cable all along"),
        _length("other_m", "Autre chemin", "Other way", "Longueur du meilleur autre chemin ; absente s'il n'y en a pas", "Length of the next best way; absent when there is none",
                nullable=True),
        text("other_laying", "Pose, autre chemin", "Laying, other way", "Celle du plus de mètres où il s'écarte", "That of most metres where it parts", pattern=_ITEM, nullable=True),
        cents("other_cents", "Coût, autre chemin", "Cost, other way", "Compté de même ; absent s'il n'y en a pas", "Counted alike; absent when there is none", nullable=True),
        SYNTHETIC,
    ),
)  # fmt: skip

ducts = Contract(
    name="ducts",
    title=("Conduites", "Ducts"),
    description=("Ce qu'une phase pose ou emprunte le long d'une voie : une voie et une phase par ligne",
                 "What a phase lays or rents along a way: one way and phase a row"),
    key=("duct_id",),
    geometry="LineString",
    columns=(
        text("duct_id", "Conduite", "Duct", "Identifiant stable", "Stable identifier"),
        text("way_id", "Cheminement", "Way", "Support entre deux points où quelque chose change", "Support between two places where something changes"),
        text("edge_id", "Support", "Support", "Tronçon emprunté", "Support that is followed"),
        _PHASE,
        text("laying", "Mode de pose", "Laying", "Comment les câbles sont portés", "How cables are carried", pattern=_ITEM),
        text("works", "Génie civil", "Works", "new : ouvert pour cette phase ; reused : ouvert par une phase antérieure",
             "new: opened in this phase; reused: opened by an earlier phase", pattern="new|reused"),
        term("use", NetworkUse, "Usage", "Use", "Transport, distribution, ou les deux", "Feeder, distribution, or both"),
        count("cables_count", "Câbles", "Cables", "Câbles qui y passent", "Cables that go through", unit="cables"),
        _length("length_m", "Longueur", "Length", "À plat (EPSG:2154)", "Flat (EPSG:2154)"),
        SYNTHETIC,
    ),
)  # fmt: skip

cables = Contract(
    name="cables",
    title=("Câbles", "Cables"),
    description=("Un câble par ligne, du point où il part à celui où ses fibres changent",
                 "One cable a row, from where it begins to where its fibres change"),
    key=("cable_id",),
    geometry="LineString",
    columns=(
        text("cable_id", "Câble", "Cable", "Identifiant stable", "Stable identifier"),
        term("tier", NetworkUse, "Usage", "Use", "Transport ou distribution", "Feeder or distribution"),
        text("sector_id", "Secteur", "Sector", "Secteur desservi ; absent pour le transport", "Sector served; absent for the feeder",
             nullable=True),
        _NRO_ID,
        _PHASE,
        count("capacity_fibres_count", "Capacité", "Capacity", "Fibres que tient ce câble", "Fibres that this cable holds", unit="fibres"),
        count("fibres_count", "Fibres", "Fibres", "Fibres qui passent dans les câbles de ce tronçon, réserve comprise",
              "Fibres that go through the cables of this run, spare ones included", unit="fibres"),
        _length("length_m", "Longueur", "Length", "À plat (EPSG:2154)", "Flat (EPSG:2154)"),
        SYNTHETIC,
    ),
)  # fmt: skip

cable_ducts = Contract(
    name="cable_ducts",
    title=("Câbles et conduites", "Cables and ducts"),
    description=("Quel câble passe dans quelle conduite", "Which cable goes through which duct"),
    key=("cable_id", "duct_id"),
    columns=(
        text("cable_id", "Câble", "Cable", "Identifiant stable", "Stable identifier"),
        text("duct_id", "Conduite", "Duct", "Identifiant stable", "Stable identifier"),
    ),
)  # fmt: skip

cost_curve = Contract(
    name="cost_curve",
    title=("Courbe des coûts", "Cost curve"),
    description=("Coût cumulé du réseau contre les lignes, des secteurs les moins chers par ligne aux plus chers",
                 "Cumulated cost of the network against lines, from the cheapest sectors a line to the dearest"),
    key=("position",),
    columns=(
        count("position", "Rang", "Position", "Rang par coût d'une ligne, le moins cher d'abord", "Rank by cost a line, the cheapest first", unit=""),
        SECTOR_ID,
        count("lines_count", "Lignes", "Lines", "Lignes du secteur", "Lines of the sector", unit="lines"),
        cents("cost_cents", "Coût", "Cost", "Coût du réseau du secteur", "Cost of the sector's network"),
        count("cumulated_lines_count", "Lignes cumulées", "Cumulated lines", "Lignes de ce secteur et de ceux d'avant",
              "Lines of this sector and of those before", unit="lines"),
        cents("cumulated_cost_cents", "Coût cumulé", "Cumulated cost", "Coût de ce secteur et de ceux d'avant",
              "Cost of this sector and of those before"),
        SYNTHETIC,
    ),
)  # fmt: skip

TABLES = (
    nro, pm, routes, pbo, drops, quantities, works_prices, works_ratios, funding_keys, network_costs, phasing,
    network_sectors, feeder_choices, cost_curve, ducts, cables, cable_ducts,
)  # fmt: skip
