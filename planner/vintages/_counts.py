"""Counts, envelopes and deliberations on another map."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import pandas as pd

from planner.apportion import ShareTies
from planner.findings import Findings
from planner.schemas import contract
from planner.texts import Message, catalogue
from planner.vintages._conversion import (
    NOBODY,
    Carried,
    Conversion,
    known_places,
    note,
    refused,
    shared,
    split_row,
    splits_table,
    with_islands,
)

__all__ = ["carry_counts", "carry_deliberations", "carry_envelopes"]


def carry_counts(
    table: pd.DataFrame,
    conversion: Conversion,
    *,
    code: str,
    columns: Iterable[str],
    ties: ShareTies = "refuse",
) -> Carried:
    """Re-express whole numbers (premises, votes, cents) on another map, totals conserved.

    Parameters
    ----------
    table
        A row a place of the map from.
    conversion
        Made by :func:`make_conversion`.
    code
        Column with the place's code.
    columns
        Columns to carry, whole numbers not less than zero; a null is unknown, not zero: the places
        that it goes to are null as well, and a finding names it.
    ties
        See :func:`planner.apportion.apportion`.

    Returns
    -------
    Carried
        ``code`` and ``columns``, a row each place of the map to, sorted by code.

    Raises
    ------
    RuleError
        When a place isn't on the map from, is twice in the table, or a tie is left.
    """
    names = list(columns)
    codes = table[code].astype(str)
    if (conversion.table["level"] == "epci").all():  # who proposes for islands without EPCI stays
        _, conversion = with_islands(codes, conversion)
    known_places(codes, conversion)
    if codes.duplicated().any():
        raise refused("place_twice", codes=", ".join(sorted(set(codes[codes.duplicated()]))))
    rows, found = [], []
    records = {str(row[code]): row for row in table.to_dict("records")}
    for place in sorted(records):
        targets = conversion.targets[place]
        for name in names:
            value = records[place][name]
            if pd.isna(value):
                rule = "unknown_amount" + ("_still" if list(targets) == [place] else "")
                found.append(
                    note(rule, place, code=place, column=name, what=_measured(name), to=[*targets])
                )
            parts: Mapping[str, int | None] = (
                dict.fromkeys(targets, None)
                if pd.isna(value)
                else shared(int(value), targets, ties)
            )
            rows += [split_row(name, NOBODY, place, to, amount) for to, amount in parts.items()]
    splits = splits_table(rows)
    reached = sorted({to for place in records for to in conversion.targets[place]})
    carried = pd.DataFrame({code: reached})
    for name in names:
        own = splits[splits["measure"] == name]
        sums = own.groupby("code_to")["amount"].agg(lambda part: part.sum(skipna=False))
        carried[name] = sums.reindex(reached).astype("Int64").array
    return Carried(table=carried, splits=splits, findings=Findings.collect(found))


def carry_envelopes(
    envelopes: pd.DataFrame, conversion: Conversion, *, ties: ShareTies = "refuse"
) -> Carried:
    """Re-express envelopes and MeD credits of EPCI on another year's perimeters.

    Lines, whole euros and cents are conserved each; an envelope or a credit that isn't known leaves
    the one that it goes into unknown.

    Raises
    ------
    RuleError
        When envelopes in lines and in euros would merge, or a tie is left.
    """
    contract("envelopes").check(envelopes)
    kept, conversion = with_islands(envelopes["epci_siren"], conversion)
    units: dict[str, set[str]] = {}
    sources: dict[str, set[str]] = {}
    made_up: dict[str, bool] = {}
    for row in envelopes.to_dict("records"):
        for to in conversion.targets[str(row["epci_siren"])]:
            units.setdefault(to, set()).add(str(row["unit"]))
            sources.setdefault(to, set()).add(str(row["source"]))
            made_up[to] = made_up.get(to, False) or bool(row["synthetic"])
    mixed = sorted(to for to, several in units.items() if len(several) > 1)
    if mixed:
        raise refused("mixed_units", codes=", ".join(mixed))
    carried = carry_counts(
        envelopes.assign(epci_siren=kept), conversion, code="epci_siren",
        columns=("amount", "med_credit_cents"), ties=ties,
    )  # fmt: skip
    table = carried.table.assign(
        unit=[next(iter(units[c])) for c in carried.table["epci_siren"]],
        source=["; ".join(sorted(sources[c])) for c in carried.table["epci_siren"]],
        synthetic=[made_up[c] for c in carried.table["epci_siren"]],
    )
    contract("envelopes").check(table)
    return Carried(
        table=contract("envelopes").select(table), splits=carried.splits, findings=carried.findings
    )


def carry_deliberations(deliberations: pd.DataFrame, conversion: Conversion) -> Carried:
    """Re-express deliberations on another year's perimeters.

    An EPCI made of parts of several has a state only where they all have the same one, dated by the
    last of them; where they differ, or one is missing, nothing is said for it and a finding names
    the EPCI to ask.
    """
    contract("deliberations").check(deliberations)
    _, conversion = with_islands(deliberations["epci_siren"], conversion)
    rows = {str(row["epci_siren"]): row for row in deliberations.to_dict("records")}
    back: dict[str, list[str]] = {}
    for place, targets in conversion.targets.items():
        for to in targets:
            back.setdefault(to, []).append(place)
    kept, splits, found = [], [], []
    for to in sorted(back):
        known = [rows[place] for place in sorted(back[to]) if place in rows]
        if not known:
            continue
        same = len(known) == len(back[to]) and len({str(row["state"]) for row in known}) == 1
        splits += [
            split_row("state", NOBODY, str(r["epci_siren"]), to, None, kept=same) for r in known
        ]
        if not same:
            found.append(note("states_differ", to, places=sorted(back[to])))
            continue
        days = [row["on"] for row in known]
        kept.append(
            {
                "epci_siren": to, "state": known[0]["state"],
                "on": pd.NaT if any(pd.isna(day) for day in days) else max(days),
                "source": "; ".join(sorted({str(row["source"]) for row in known})),
                "synthetic": any(bool(row["synthetic"]) for row in known),
            }
        )  # fmt: skip
    table = contract("deliberations").empty()
    if kept:
        table = pd.DataFrame(kept)
        table["on"] = pd.to_datetime(table["on"]).astype("datetime64[s]")
        table = contract("deliberations").select(table)
    contract("deliberations").check(table)
    return Carried(table=table, splits=splits_table(splits), findings=Findings.collect(found))


def _measured(column: str) -> Message | str:
    """Return what people call a column that is carried; one of the user's own keeps its name."""
    key = f"vintages.measure_{column}"
    return Message(key) if key in catalogue() else column
