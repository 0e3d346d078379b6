"""Two plans side by side: differences by place, by sector, and their causes."""

from __future__ import annotations

from typing import Any

from planner.contracts import Column, Contract
from planner.schemas._columns import NOM, SECTOR_ID, cents, count, term, text
from planner.vocab import DensityClass, Level, Phase


def _signed(name: str, fr: str, en: str, about_fr: str, about_en: str, **more: Any) -> Column:
    return Column(name=name, type="int", title=(fr, en), description=(about_fr, about_en), **more)


differences = Contract(
    name="differences",
    title=("Différences", "Differences"),
    description=("Qui gagne et qui perd d'un plan à l'autre", "Who gains and who loses from one plan to another"),
    key=("level", "code"),
    columns=(
        term("level", Level, "Niveau", "Level", "Région, EPCI ou commune principale des secteurs", "Region, EPCI or main commune of the sectors"),
        text("code", "Code", "Code", "SIREN, INSEE ou —", "SIREN, INSEE or —"),
        NOM,
        count("gaining_count", "Gagnent", "Gaining", "Locaux servis plus tôt (phase, puis année)", "Premises served sooner (phase, then year)"),
        count("losing_count", "Perdent", "Losing", "Locaux servis plus tard", "Premises served later"),
        count("only_before_count", "Seulement avant", "Only before", "Locaux de secteurs que le second plan n'a pas", "Premises of sectors that the second plan lacks"),
        count("only_after_count", "Seulement après", "Only after", "Locaux de secteurs que le premier plan n'a pas", "Premises of sectors that the first plan lacks"),
        _signed("served_difference_count", "Différence en phases 1 et 2", "Difference in phases 1 and 2",
                "Locaux des phases 1 et 2, second moins premier", "Premises of phases 1 and 2, second less first", unit="premises"),
        _signed("premise_years_gained", "Années-locaux gagnées", "Premise-years gained",
                "Locaux × années plus tôt, où les deux plans ont une année", "Premises × years sooner, where both plans have a year", unit="premise-years"),
        _signed("net_difference_cents", "Différence de participation", "Difference of contribution",
                "Second moins premier ; absente par commune, qui ne paie pas", "Second less first; absent by commune, which doesn't pay", unit="cent", nullable=True),
        _signed("cost_difference_cents", "Différence de coût des travaux", "Difference of cost of works",
                "Coût estimé des phases 1 et 2, second moins premier ; absente où l'un des deux n'est pas connu",
                "Estimated cost of phases 1 and 2, second less first; absent where either isn't known", unit="cent", nullable=True),
    ),
)  # fmt: skip

sector_differences = Contract(
    name="sector_differences",
    title=("Différences par secteur", "Differences by sector"),
    description=("Chaque secteur dont la phase ou l'année diffère", "Every sector whose phase or year differs"),
    key=("sector_id",),
    columns=(
        SECTOR_ID,
        text("effect", "Effet", "Effect", "gaining, losing, only_before ou only_after", "gaining, losing, only_before or only_after"),
        count("premises_count", "Locaux", "Premises", "Locaux du secteur", "Premises of the sector"),
        term("phase_before", Phase, "Phase avant", "Phase before", "Phase dans le premier plan", "Phase in the first plan", nullable=True),
        term("phase_after", Phase, "Phase après", "Phase after", "Phase dans le second plan", "Phase in the second plan", nullable=True),
        _signed("year_before", "Année avant", "Year before", "Année dans le premier plan", "Year in the first plan", nullable=True),
        _signed("year_after", "Année après", "Year after", "Année dans le second plan", "Year in the second plan", nullable=True),
        _signed("years_sooner", "Années plus tôt", "Years sooner", "Année avant − année après", "Year before − year after", unit="years", nullable=True),
        text("reason_before", "Motif avant", "Reason before", "Phrase", "Sentence", nullable=True),
        text("reason_after", "Motif après", "Reason after", "Phrase", "Sentence", nullable=True),
    ),
)  # fmt: skip

difference_causes = Contract(
    name="difference_causes",
    title=("Causes des différences", "Causes of differences"),
    description=("L'entrée ou la règle à laquelle chaque différence remonte", "The input or rule that each difference is traced to"),
    key=("sector_id", "cause"),
    columns=(
        SECTOR_ID,
        text("cause", "Cause", "Cause", "Table ou clé du scénario", "Table or key of the scenario", example="ballots"),
        text("how", "Lien", "Link",
             "alone : elle suffit ; needed : sans elle la différence disparaît ; joint : seulement ensemble ; candidate : rien n'a été recalculé",
             "alone: enough by itself; needed: without it the difference vanishes; joint: only together; candidate: nothing was computed again"),
        text("words", "En mots", "In words", "Phrase", "Sentence"),
    ),
)  # fmt: skip

cause_effects = Contract(
    name="cause_effects",
    title=("Effets de chaque cause", "Effects of each cause"),
    description=("Ce que chaque changement fait à lui seul, lieu par lieu, depuis le premier plan",
                 "What each change does by itself, place by place, from the first plan"),
    key=("cause", "level", "code"),
    columns=(
        text("cause", "Cause", "Cause", "Table ou clé du scénario", "Table or key of the scenario", example="ballots"),
        *differences.columns,
    ),
)  # fmt: skip

_FROM = (
    _signed("from_choice_cents", "Du choix des secteurs", "From the choice of sectors",
            "Secteurs qui entrent dans la phase moins ceux qui en sortent, à leur coût du premier plan",
            "Sectors that enter the phase less those that leave it, at their cost in the first plan", unit="cent", nullable=True),
    _signed("from_sectors_cents", "Des secteurs eux-mêmes", "From the sectors themselves",
            "Autres locaux, autre densité, autre découpage ou autres parts des EPCI, aux prix du premier plan",
            "Other premises, another density, another cutting or other shares of the EPCI, at the prices of the first plan", unit="cent", nullable=True),
    _signed("from_prices_cents", "Des prix", "From the prices",
            "Secteurs de la phase dans le second plan, à ses prix moins ceux du premier",
            "Sectors of the phase in the second plan, at its prices less those of the first", unit="cent", nullable=True),
)  # fmt: skip

cost_differences = Contract(
    name="cost_differences",
    title=("Différences de coût des travaux", "Differences of cost of works"),
    description=("Coût estimé des travaux de chaque phase dans les deux plans, et d'où vient l'écart : les trois parts font la différence",
                 "Estimated cost of the works of each phase in both plans, and where the difference comes from: the three parts add up to it"),
    key=("level", "code", "phase"),
    columns=(
        term("level", Level, "Niveau", "Level", "Région, EPCI (par leurs locaux) ou commune principale des secteurs",
             "Region, EPCI (by their premises) or main commune of the sectors"),
        text("code", "Code", "Code", "SIREN, INSEE ou —", "SIREN, INSEE or —"),
        NOM,
        term("phase", Phase, "Phase", "Phase", "Phase des secteurs", "Phase of the sectors"),
        cents("before_cents", "Avant", "Before", "Coût dans le premier plan ; absent où un secteur n'en a pas",
              "Cost in the first plan; absent where a sector has none", nullable=True),
        cents("after_cents", "Après", "After", "Coût dans le second plan ; absent de même", "Cost in the second plan; absent likewise", nullable=True),
        _signed("difference_cents", "Différence", "Difference", "Après moins avant", "After less before", unit="cent", nullable=True),
        *_FROM,
    ),
)  # fmt: skip

price_differences = Contract(
    name="price_differences",
    title=("Différences de prix", "Differences of prices"),
    description=("Chaque classe de densité dont le prix ou les bornes diffèrent, et ce que cela fait à chaque phase",
                 "Each class of density whose price or bounds differ, and what that does to each phase"),
    key=("density_class", "phase"),
    columns=(
        term("density_class", DensityClass, "Classe", "Class", "Classe de densité", "Class of density"),
        term("phase", Phase, "Phase", "Phase", "Phase des secteurs dans le second plan", "Phase of the sectors in the second plan"),
        cents("before_cents", "Prix avant", "Price before", "Prix d'un local dans le premier plan ; absent s'il n'a pas la classe",
              "Price a premise in the first plan; absent where it lacks the class", nullable=True),
        cents("after_cents", "Prix après", "Price after", "Prix d'un local dans le second plan ; absent de même",
              "Price a premise in the second plan; absent likewise", nullable=True),
        Column(name="bounds_changed", type="bool", title=("Bornes changées", "Bounds changed"),
               description=("Les densités de la classe ne sont pas les mêmes", "The densities of the class aren't the same")),
        count("premises_count", "Locaux", "Premises", "Locaux des secteurs de la classe et de la phase dans le second plan",
              "Premises of the sectors of the class and phase in the second plan"),
        _signed("effect_cents", "Effet", "Effect", "Leur coût aux prix du second plan moins celui aux prix du premier",
                "Their cost at the prices of the second plan less that at the prices of the first", unit="cent"),
    ),
)  # fmt: skip

TABLES = (
    differences, sector_differences, difference_causes, cause_effects, cost_differences,
    price_differences,
)  # fmt: skip
