"""Coverage beside coverage, and totals beside the regulator's own."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from planner.coverage._referential import require_alike
from planner.coverage._result import Coverage, numerators
from planner.findings import Finding, Findings
from planner.vocab import Level, Severity, Term

__all__ = ["ReconcileRules", "Reconciled", "TotalsCause", "compare_coverage", "reconcile_totals"]

_KEY: Final = ["level", "code"]
_FIGURES: Final = ("premises", "serviceable")


def compare_coverage(before: Coverage, after: Coverage) -> pd.DataFrame:
    """Put two measures of the same thing side by side, on two days.

    Parameters
    ----------
    before, after
        Two measures whose referentials differ by the day at most.

    Returns
    -------
    DataFrame
        ``level``, ``code``, ``nom``, then ``premises_count``, ``numerator_count`` and
        ``coverage_rate`` each with ``_before`` and ``_after``, and ``rate_difference`` (share,
        after − before); null where a territory is in one measure only.

    Raises
    ------
    ReferentialMismatchError
        Naming what differs.
    """
    require_alike(before.referential, after.referential, except_date=True)
    both = _side(before).merge(
        _side(after), how="outer", on=_KEY, suffixes=("_before", "_after"), validate="one_to_one"
    )
    both.insert(2, "nom", both["nom_after"].where(both["nom_after"].notna(), both["nom_before"]))
    both["rate_difference"] = both["coverage_rate_after"] - both["coverage_rate_before"]
    order = {level: place for place, level in enumerate(Level.codes())}
    both = both.sort_values(
        _KEY, key=lambda values: values.map(order) if values.name == "level" else values
    )
    return both.drop(columns=["nom_before", "nom_after"]).reset_index(drop=True)


def _side(coverage: Coverage) -> pd.DataFrame:
    side = coverage.table[["level", "code", "nom", "premises_count", "coverage_rate"]].copy()
    side.insert(4, "numerator_count", numerators(coverage.table, coverage.referential))
    return side


class TotalsCause(Term):
    """Why a total differs from the one that was published."""

    EQUAL = "equal", "Égal", "Equal"
    ROUNDING = "rounding", "Arrondi de la source", "Rounding by the source"
    BEYOND_REGION = (
        "beyond_region",
        "Communes membres hors de la région",
        "Members outside the region",
    )
    UNKNOWN = "unknown", "L'un des deux chiffres manque", "One of the two figures is missing"
    UNEXPLAINED = "unexplained", "Inexpliqué", "Unexplained"


@dataclass(frozen=True, kw_only=True)
class ReconcileRules:
    """What explains a difference of totals.

    Parameters
    ----------
    rounding_count
        Largest difference in premises that rounding explains.  ARCEP spreads INSEE's estimates of
        dwellings by commune and by EPCI apart, each rounded: on 31 March 2018 the 60 EPCI of
        Brittany differ from their communes by at most 4.
    """

    rounding_count: int = 4


_DEFAULT_RULES = ReconcileRules()


@dataclass(frozen=True, kw_only=True)
class Reconciled:
    """Totals beside published ones.

    Parameters
    ----------
    table
        ``code``, ``nom``, ``figure`` (premises or serviceable), ``computed``, ``published``,
        ``difference`` (published − computed) and ``cause`` (:class:`TotalsCause`), by figure then
        code; equal ones included.
    findings
        The differences that nothing explains, and the territories that one side lacks.
    """

    table: pd.DataFrame
    findings: Findings


def reconcile_totals(
    coverage: pd.DataFrame,
    published: pd.DataFrame,
    *,
    beyond_region: Collection[str] = (),
    level: Level = Level.EPCI,
    rules: ReconcileRules = _DEFAULT_RULES,
) -> Reconciled:
    """Compare the totals of a level with those that the source publishes itself.

    Parameters
    ----------
    coverage
        Contract ``coverage``; its rows of ``level``.
    published
        ``code``, ``premises_count`` and ``serviceable_count``, each absent where not published.
    beyond_region
        Codes with members outside the region, where the published total may only be larger.
    level
        The level to compare.
    rules
        What explains a difference.

    Examples
    --------
    >>> counted = pd.DataFrame({"level": "epci", "code": ["1", "2"], "nom": ["A", "B"],
    ...                         "premises_count": [10, 10], "serviceable_count": [0, 5]})
    >>> given = pd.DataFrame({"code": ["1", "2"], "premises_count": [12, 90],
    ...                       "serviceable_count": [0, 5]})
    >>> reconcile_totals(counted, given, beyond_region=["2"]).table["cause"].tolist()
    ['rounding', 'beyond_region', 'equal', 'equal']
    """
    counted = coverage[coverage["level"].astype(object) == level.value]
    wanted = [f"{figure}_count" for figure in _FIGURES]
    both = counted[["code", "nom", *wanted]].merge(
        published[["code", *wanted]], how="outer", on="code",
        suffixes=("_computed", "_published"), validate="one_to_one",
    )  # fmt: skip
    both = both.sort_values("code").reset_index(drop=True)
    blocks = []
    for figure in _FIGURES:
        computed = both[f"{figure}_count_computed"].astype("Int64")
        given = both[f"{figure}_count_published"].astype("Int64")
        difference = given - computed
        beyond = both["code"].isin(list(beyond_region))
        block = pd.DataFrame(
            {
                "code": both["code"], "nom": both["nom"], "figure": figure,
                "computed": computed, "published": given, "difference": difference,
                "cause": _causes(difference, beyond, rules),
            }
        )  # fmt: skip
        blocks.append(block)
    table = pd.concat(blocks, ignore_index=True)
    return Reconciled(table=table, findings=Findings.collect(_unexplained(table)))


def _causes(difference: pd.Series, beyond: pd.Series, rules: ReconcileRules) -> pd.Series:
    known = difference.notna().to_numpy(dtype=bool)
    size = difference.to_numpy(dtype=np.int64, na_value=0)
    causes = np.select(
        [~known, size == 0, np.abs(size) <= rules.rounding_count, beyond.to_numpy() & (size > 0)],
        [
            TotalsCause.UNKNOWN.value,
            TotalsCause.EQUAL.value,
            TotalsCause.ROUNDING.value,
            TotalsCause.BEYOND_REGION.value,
        ],
        TotalsCause.UNEXPLAINED.value,
    )
    return pd.Series(causes, index=difference.index, dtype="str")


def _unexplained(table: pd.DataFrame) -> Iterator[Finding]:
    for row in table[table["cause"] == TotalsCause.UNEXPLAINED.value].to_dict("records"):
        yield Finding.of(
            f"coverage.unexplained_{row['figure']}", severity=Severity.WARNING, table="coverage",
            place=str(row["code"]), count=abs(int(row["difference"])),
            nom=row["nom"], computed=int(row["computed"]), published=int(row["published"]),
        )  # fmt: skip
    missing = table[
        (table["cause"] == TotalsCause.UNKNOWN.value) & (table["figure"] == _FIGURES[0])
    ]
    for row in missing.to_dict("records"):
        side = "unpublished" if pd.isna(row["published"]) else "uncounted"
        yield Finding.of(
            f"coverage.{side}", severity=Severity.WARNING,
            table="coverage", place=str(row["code"]),
        )  # fmt: skip
