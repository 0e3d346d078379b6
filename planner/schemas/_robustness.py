"""How firm and how fair a choice is: stability of sectors, fairness, the frontier."""

from __future__ import annotations

from planner.contracts import Column, Contract
from planner.schemas._columns import SECTOR_ID, count, share, text
from planner.schemas._proof import unit_of

sector_stability = Contract(
    name="sector_stability",
    title=("Stabilité des secteurs", "Stability of sectors"),
    description=("À quelle fréquence chaque secteur est retenu quand les poids sont tirés au sort",
                 "How often each sector is chosen when weights are drawn at random"),
    key=("sector_id",),
    columns=(
        SECTOR_ID,
        count("draws_count", "Tirages", "Draws", "Nombre de tirages", "Number of draws", unit="draws"),
        count("proved_count", "Tirages prouvés", "Draws proved", "Tirages dont le programme est prouvé optimal",
              "Draws whose programme is proved optimal", unit="draws"),
        count("in_count", "Retenu", "Chosen", "Tirages où le secteur est retenu", "Draws in which the sector is chosen", unit="draws"),
        share("in_share", "Fréquence", "Frequency", "Retenu ÷ tirages", "Chosen ÷ draws", maximum=1),
        share("low_share", "Fréquence, au moins", "Frequency, at least", "Intervalle de Wilson à 95 %", "Wilson's interval, 95 %", maximum=1),
        share("high_share", "Fréquence, au plus", "Frequency, at most", "Intervalle de Wilson à 95 %", "Wilson's interval, 95 %", maximum=1),
        share("gap_share", "Écart", "Gap", "Plus grand écart à la borne, de tous les tirages, sous l'objectif pondéré et ceux d'avant ; absent quand une borne manque",
              "Largest gap to the bound, of all draws, under the weighted objective and those before; absent when a bound is missing", nullable=True, maximum=1),
    ),
)  # fmt: skip

fairness = Contract(
    name="fairness",
    title=("Équité entre EPCI", "Fairness between EPCI"),
    description=("Indicateurs d'équité avant et après le programme", "Indicators of fairness before and after the programme"),
    key=("state", "indicator"),
    columns=(
        text("state", "Moment", "State", "before ou after", "before or after"),
        text("indicator", "Indicateur", "Indicator",
             "mean_share, worst_share, best_share, gini, unserved_count, lines_per_inhabitant",
             "mean_share, worst_share, best_share, gini, unserved_count, lines_per_inhabitant"),
        Column(name="value", type="float", nullable=True, title=("Valeur", "Value"),
               description=("Part, indice, nombre ou lignes par habitant", "Share, index, count or lines per inhabitant")),
        text("place", "EPCI", "EPCI", "Celui que l'indicateur désigne", "The one that the indicator points at", nullable=True),
    ),
)  # fmt: skip

frontier = Contract(
    name="frontier",
    title=("Vitesse et équité", "Speed and equity"),
    description=("Programmes dont aucun n'est meilleur sur les deux plans à la fois",
                 "Programmes of which none is better on both sides at once"),
    key=("point",),
    columns=(
        count("point", "Point", "Point", "Du plus rapide au plus égal", "From the fastest to the most even", unit=""),
        text("objective", "Vitesse", "Speed", "Objectif", "Objective"),
        unit_of("unit", "Unité", "Unit", "Ce que comptent valeur et borne", "What value and bound count"),
        Column(name="value", type="int", title=("Valeur", "Value"), description=("Valeur de l'objectif", "Value of the objective")),
        Column(name="bound", type="int", nullable=True, title=("Borne", "Bound"),
               description=("Ce que nul programme aussi égal ne dépasse", "What no programme as even can pass")),
        share("worst_share", "Part du moins servi", "Share of the worst-off", "Part servie du groupe le moins servi",
              "Share served of the group served least", maximum=1),
        text("worst_place", "Le moins servi", "The worst-off", "Groupe", "Group"),
        count("sectors_count", "Secteurs", "Sectors", "Secteurs retenus", "Sectors chosen", unit="sectors"),
        count("lines_count", "Lignes", "Lines", "Lignes retenues", "Lines chosen", unit="lines"),
        Column(name="proved", type="bool", title=("Prouvé", "Proved"),
               description=("Prouvé non dominé", "Proved non-dominated")),
    ),
)  # fmt: skip

weight_intervals = Contract(
    name="weight_intervals",
    title=("Intervalles des poids", "Intervals of the weights"),
    description=("Entre quelles valeurs d'un seul poids le programme reste le meilleur, les autres tenus",
                 "Between which values of one weight the programme stays the best, the others held"),
    key=("criterion",),
    columns=(
        text("criterion", "Critère", "Criterion", "Identifiant du critère", "Identifier of the criterion"),
        count("weight", "Poids", "Weight", "Poids en vigueur, au plus simple", "Weight in force, as simple as can be", unit=""),
        count("weights_total", "Somme des poids", "Sum of weights", "Somme des poids en vigueur", "Sum of the weights in force", unit=""),
        Column(name="low", type="float", title=("Au moins", "At least"), description=("Plus petit poids", "Smallest weight")),
        Column(name="high", type="float", nullable=True, title=("Au plus", "At most"),
               description=("Plus grand poids ; absent quand aucun n'est trop grand", "Largest weight; absent when none is too large")),
        text("low_exact", "Au moins (fraction)", "At least (fraction)", "La même borne, exacte", "The same bound, exact"),
        text("high_exact", "Au plus (fraction)", "At most (fraction)", "La même borne, exacte", "The same bound, exact",
             nullable=True),
        share("loss_share", "Perte admise", "Loss allowed", "0 : le programme reste le meilleur ; sinon, à cette part près du meilleur",
              "0: the programme stays the best; else within this share of the best", maximum=1),
        Column(name="proved", type="bool", title=("Prouvé", "Proved"),
               description=("Prouvé : par des programmes optimaux, ou par les bornes où une perte est admise",
                            "Proved: by optimal programmes, or by the bounds where a loss is allowed")),
    ),
)  # fmt: skip

alternatives = Contract(
    name="alternatives",
    title=("Programmes voisins", "Neighbouring programmes"),
    description=("Ce qui distingue du premier les programmes presque aussi bons qui en diffèrent le plus",
                 "What tells from the first the programmes nearly as good that differ most from it"),
    key=("programme", "sector_id"),
    columns=(
        count("programme", "Programme", "Programme", "2 et suivants ; 1 est le meilleur", "2 and on; 1 is the best", unit=""),
        SECTOR_ID,
        text("change", "Changement", "Change", "enters ou leaves", "enters or leaves"),
        count("lines_count", "Lignes", "Lines", "Lignes du secteur", "Lines of the sector", unit="lines"),
    ),
)  # fmt: skip

equal_programmes = Contract(
    name="equal_programmes",
    title=("Programmes équivalents", "Equal programmes"),
    description=("Secteurs qui sont dans certains des meilleurs programmes et non dans tous, le meilleur étant prouvé",
                 "Sectors that are in some of the best programmes and not in all, the best one being proved"),
    key=("sector_id",),
    columns=(
        count("part", "Partie", "Part", "Secteurs qu'aucune règle ne lie à ceux des autres parties",
              "Sectors that no rule binds to those of other parts", unit=""),
        SECTOR_ID,
        count("lines_count", "Lignes", "Lines", "Lignes du secteur", "Lines of the sector", unit="lines"),
        count("in_count", "Retenu", "Chosen", "Choix de la partie où il est retenu", "Choices of the part that hold it", unit="choices"),
        count("choices_count", "Choix", "Choices", "Choix aussi bons de la partie", "Equally good choices of the part", unit="choices"),
        Column(name="complete", type="bool", title=("Tous", "All"),
               description=("Prouvé : il n'y en a pas d'autre", "Proved: there are no others")),
    ),
)  # fmt: skip

TABLES = (sector_stability, fairness, frontier, weight_intervals, alternatives, equal_programmes)
