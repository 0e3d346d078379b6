"""The table of criteria: every sector to decide on, every criterion that is known everywhere."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction

import pandas as pd

from planner.criteria._marks import PPM, marks_of, share_out
from planner.criteria._measures import MEASURES, Ground, Measured, Missing, user_measure
from planner.findings import Finding, Findings
from planner.scenario import CriteriaRules
from planner.schemas import contract
from planner.territory import Territory
from planner.texts import Message, catalogue
from planner.vocab import Severity

__all__ = ["CriteriaTable", "criterion_label", "measure_criteria"]


def criterion_label(name: str) -> Message | str:
    """Return a criterion in the reader's words; one of the user's own keeps its name."""
    return Message(f"criteria.name_{name}") if f"criteria.name_{name}" in catalogue() else name


@dataclass(frozen=True, kw_only=True)
class CriteriaTable:
    """Criteria of the sectors to decide on.

    Parameters
    ----------
    table
        Contract ``criteria``.
    scores
        Contract ``criteria_scores``: the weighted sum, whole millionths, for the optimisation.
    active
        Criteria that count, sorted.
    off
        Criterion to what it lacks: off for the whole region.
    findings
        One for each criterion that is off, and one while the weights are the example's.
    """

    table: pd.DataFrame
    scores: pd.DataFrame
    active: tuple[str, ...]
    off: dict[str, Missing]
    findings: Findings

    def matrix(self) -> pd.DataFrame:
        """Return the marks, sector by criterion, from 0 to 1."""
        wide = self.table.pivot_table(
            index="sector_id", columns="criterion", values="normalised_ppm"
        )
        return wide.sort_index().sort_index(axis=1) / PPM

    def weights(self) -> dict[str, int]:
        """Return the weight of each active criterion, in millionths, zero ones left out."""
        rows = self.table.drop_duplicates("criterion")
        return {
            str(name): int(weight)
            for name, weight in zip(rows["criterion"], rows["weight_ppm"], strict=True)
        }

    def summary(self, lang: str = "fr") -> str:
        """Say how many sectors are compared by what, and what is off."""

        def told(names: Iterable[str]) -> str:
            labels = [criterion_label(name) for name in names]
            return ", ".join(x if isinstance(x, str) else x.say(lang) for x in labels) or "—"

        return Message.of(
            "criteria.summary", sectors=len(self.scores), active=told(self.active),
            off=told(sorted(self.off)),
        ).say(lang)  # fmt: skip


def measure_criteria(
    territory: Territory, *, rules: CriteriaRules, costs: pd.DataFrame | None = None
) -> CriteriaTable:
    """Measure, mark and weight every criterion that the scenario names.

    Sectors of phase 1 and sectors without premises are not compared.  A criterion whose input is
    missing anywhere in the region is off everywhere, and a finding says what is missing and where;
    its weight goes to the others in proportion.

    Parameters
    ----------
    territory
        Zoned (``premises`` and ``sectors``); ``cabinets``, ``public_sites`` and ``sector_values``
        where they are known.
    rules
        ``scenario.criteria``.
    costs
        Contract ``costs`` (:func:`planner.cost.estimate_cost`), for ``cost_per_line``.

    Raises
    ------
    MissingLayerError
        When the territory has no sectors.
    """
    territory.require("sectors", "premises")
    sectors = territory.sectors
    open_sectors = sectors.loc[sectors["zone_id"].isna() & (sectors["premises_count"] > 0)]
    ground = Ground(
        territory=territory,
        sectors=open_sectors.sort_values("sector_id", kind="stable").reset_index(drop=True),
        costs=costs,
        rules=rules,
    )
    known: dict[str, Measured] = {}
    off: dict[str, Missing] = {}
    for name in sorted(rules.each) if ground.ids else ():
        rule = rules.each[name]
        measure = MEASURES.get(name) or user_measure(
            name, unit=rule.unit, higher_first=rule.higher_first is not False
        )
        found = measure.measure(ground)
        if isinstance(found, Missing):
            off[name] = found
        else:
            known[name] = found
    table = _table(known, ground)
    return CriteriaTable(
        table=table,
        scores=_scores(table),
        active=tuple(sorted(known)),
        off=off,
        findings=_findings(off, rules, territory.name),
    )


def _table(known: dict[str, Measured], ground: Ground) -> pd.DataFrame:
    rules = ground.rules
    weights = share_out({name: rules.each[name].weight for name in known})
    rows = []
    for name, found in known.items():
        rule, measure = rules.each[name], MEASURES.get(name)
        own = measure.higher_first if measure else True
        higher = own if rule.higher_first is None else rule.higher_first
        marks = marks_of(found.exact, rule=rule, higher_first=higher)
        synthetic = _is_synthetic(found, name, ground.territory)
        unit = measure.unit if measure else rule.unit
        rows += [
            (
                key, name, float(value), unit, marks[key], weights[name],
                int((2 * Fraction(marks[key] * weights[name], PPM) + 1) // 2), synthetic,
            )
            for key, value in found.exact.items()
        ]  # fmt: skip
    if not rows:
        return contract("criteria").empty()
    table = pd.DataFrame(rows, columns=list(contract("criteria").column_names))
    contract("criteria").check(table)
    return contract("criteria").select(table)


def _is_synthetic(found: Measured, name: str, territory: Territory) -> bool:
    """Tell whether a criterion rests on anything made up."""
    if territory.is_synthetic(*found.layers) or bool(territory.sectors["synthetic"].any()):
        return True
    for layer in {"cabinets", "public_sites", "sector_values"} & set(found.layers):
        rows = getattr(territory, layer)
        if layer == "sector_values":
            rows = rows.loc[rows["criterion"].astype(str) == name]
        if bool(rows["synthetic"].any()):
            return True
    return False


def _scores(table: pd.DataFrame) -> pd.DataFrame:
    if table.empty:
        return contract("criteria_scores").empty()
    groups = table.groupby("sector_id", sort=True)
    scores = pd.DataFrame(
        {"score_ppm": groups["contribution_ppm"].sum(), "synthetic": groups["synthetic"].any()}
    ).reset_index()
    scores["rank"] = scores["score_ppm"].rank(method="min", ascending=False).astype("int64")
    contract("criteria_scores").check(scores)
    return contract("criteria_scores").select(scores)


def _findings(off: dict[str, Missing], rules: CriteriaRules, place: str) -> Findings:
    found = [
        Finding.of(
            "criteria.off", severity=Severity.WARNING, table="criteria", place=name,
            what=missing.what, where=missing.where, criterion=criterion_label(name),
        )
        for name, missing in sorted(off.items())
        if rules.each[name].weight
    ]  # fmt: skip
    if rules.is_example:
        found.append(
            Finding.of("criteria.example", severity=Severity.INFO, table="criteria", place=place)
        )
    return Findings.collect(found)
