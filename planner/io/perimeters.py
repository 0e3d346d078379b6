"""EPCI of each commune in another year: a table, or the lists of *decoupage-administratif*."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import pandas as pd

from planner.contracts import Column, Contract
from planner.io.files import decode, file_failure, read_bytes
from planner.io.tables import read_table
from planner.io.values import INSEE, SIREN

__all__ = ["read_perimeters"]

_PERIMETERS: Final = Contract(
    name="perimeters",
    title=("EPCI d'une autre année", "EPCI of another year"),
    description=("EPCI de chaque commune", "EPCI of each commune"),
    key=("insee",),
    columns=(
        Column(name="insee", type="str", pattern=INSEE, title=("Commune", "Commune"),
               description=("Code INSEE de la carte de départ", "INSEE code on the map from")),
        Column(name="epci_siren", type="str", pattern=SIREN, title=("EPCI", "EPCI"),
               description=("EPCI sur la carte d'arrivée", "EPCI on the map to")),
    ),
)  # fmt: skip
_JSON: Final = ".json"
_MERGED_INTO: Final = ("chefLieu", "communeAbsorbante")


def read_perimeters(path: str | Path, *, communes: str | Path | None = None) -> pd.DataFrame:
    """Read which EPCI each commune is in.

    Parameters
    ----------
    path
        A table with ``insee`` and ``epci_siren``, or the list ``epci.json`` of the package
        *decoupage-administratif* (``code`` and ``membres``).
    communes
        Its list ``communes.json`` of the same year: communes that were merged get, under their
        former code, the EPCI of the one that they are now part of.

    Returns
    -------
    DataFrame
        ``insee`` and ``epci_siren``, sorted by commune, each once.

    Raises
    ------
    DataFileError
        When a list is not of that form.
    ContractError
        When a code is none, or a commune comes twice.
    """
    place = Path(path)
    if place.suffix.lower() == _JSON:
        rows = [(code, epci) for epci, code in _members(place)]
        table = pd.DataFrame(rows, columns=["insee", "epci_siren"], dtype="str")
    else:
        table = read_table(place, _PERIMETERS).table
    if communes is not None:
        known = dict(zip(table["insee"], table["epci_siren"], strict=True))
        now = {former: code for former, code in _mergers(Path(communes)) if former not in known}
        added = [(former, known[code]) for former, code in now.items() if code in known]
        more = pd.DataFrame(added, columns=["insee", "epci_siren"], dtype="str")
        table = pd.concat([table, more], ignore_index=True)
    _PERIMETERS.check(table)
    return _PERIMETERS.select(table)


def _members(place: Path) -> Iterator[tuple[str, str]]:
    for row in _listed(place):
        members = row.get("membres")
        if not isinstance(members, list):
            raise file_failure("not_a_list", file=place.name, expected="code, membres")
        for member in members:
            if not isinstance(member, dict):
                raise file_failure("not_a_list", file=place.name, expected="code, membres")
            yield str(row["code"]), str(member.get("code"))


def _mergers(place: Path) -> Iterator[tuple[str, str]]:
    """Return the former codes of communes with the code of the one that they became part of."""
    for row in _listed(place):
        yield from ((str(former), str(row["code"])) for former in row.get("anciensCodes") or ())
        yield from ((str(row["code"]), str(row[key])) for key in _MERGED_INTO if row.get(key))


def _listed(place: Path) -> list[Mapping[str, Any]]:
    if not place.is_file():
        raise file_failure("missing_file", file=place.name)
    try:
        rows = json.loads(decode(read_bytes(place), file=place.name).content)
    except (ValueError, RecursionError):
        rows = None
    if not isinstance(rows, list) or not all(isinstance(r, dict) and "code" in r for r in rows):
        raise file_failure("not_a_list", file=place.name, expected="code, …")
    return rows
