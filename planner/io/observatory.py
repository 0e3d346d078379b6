"""ARCEP's observatory: counts by commune and by EPCI, without any point.

Source: ARCEP, « Le marché du haut et très haut débit fixe (déploiements) », tables by commune and
by EPCI, French column titles; a quarter is written ``2018-T1`` here and ``T1 2018`` there.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

import numpy as np
import pandas as pd
import pyarrow as pa

from planner.contracts import Column, Contract
from planner.io.files import file_failure
from planner.io.layers import RawLayer, Source
from planner.io.opening import open_source
from planner.io.profiles import Profile, map_columns
from planner.io.tables import convert_table
from planner.io.values import as_text, parse_each
from planner.schemas import contract
from planner.vocab import Level, RegulatoryZone, fold

__all__ = [
    "COMMUNE_COUNTS", "EPCI_COUNTS", "observatory_to_figures", "read_observatory",
    "read_observatory_epci",
]  # fmt: skip

_QUARTER_TITLE: Final = re.compile(r"t([1-4]) (\d{4})|(\d{4}) t([1-4])")
_QUARTER: Final = re.compile(r"(\d{4})-T([1-4])")
_SERVICEABLE: Final = "locaux raccordables"
_ABSENT: Final = frozenset({"-", "–", "nd", "n/d"})


def _count(name: str, fr: str, en: str, *, nullable: bool = False) -> Column:
    return Column(
        name=name, type="int", minimum=0, unit="premises", nullable=nullable, title=(fr, en),
        description=("Nombre publié", "Published number"),
    )  # fmt: skip


_NUMBERS: Final = (
    _count("dwellings_count", "Logements", "Dwellings"),
    _count("businesses_count", "Établissements", "Establishments"),
    _count("premises_count", "Locaux", "Premises"),
    _count("serviceable_count", "Raccordables", "Serviceable", nullable=True),
    Column(
        name="on", type="date", nullable=True, title=("Au", "On"),
        description=("Dernier jour du trimestre", "Last day of the quarter"),
    ),
)  # fmt: skip
_COMMUNES: Final = contract("communes")
_EPCI: Final = contract("epci")

COMMUNE_COUNTS: Final = Contract(
    name="commune_counts",
    title=("Locaux par commune", "Premises by commune"),
    description=("Observatoire de l'ARCEP, sans points", "ARCEP's observatory, without points"),
    key=("insee",),
    columns=(
        _COMMUNES.column("insee"), _COMMUNES.column("nom"), _COMMUNES.column("epci_siren"),
        _COMMUNES.column("regulatory_zone"), *_NUMBERS,
    ),
)  # fmt: skip
"""Counts by commune; ``premises_count`` is dwellings plus establishments."""

EPCI_COUNTS: Final = Contract(
    name="epci_counts",
    title=("Locaux par EPCI", "Premises by EPCI"),
    description=("Observatoire de l'ARCEP, sans points", "ARCEP's observatory, without points"),
    key=("siren",),
    columns=(_EPCI.column("siren"), _EPCI.column("nom"), *_NUMBERS),
)
"""Counts by EPCI, members outside the region included."""

_COMMUNE_TITLES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "insee": "Code commune", "nom": "Nom commune", "epci_siren": "Siren EPCI",
        "dwellings_count": "Logements", "businesses_count": "Établissements",
        "very_dense": "Zones très denses", "l33_13": "Engagements L. 33-13",
    }
)  # fmt: skip
_EPCI_TITLES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "siren": "Siren EPCI",
        "nom": "Nom EPCI",
        "dwellings_count": "Logements",
        "businesses_count": "Établissements",
    }
)


def read_observatory(
    communes_csv: str | Path,
    serviceable_csv: str | Path | None = None,
    *,
    quarter: str | None = None,
) -> pd.DataFrame:
    """Read the observatory by commune as counts.

    Parameters
    ----------
    communes_csv
        Dwellings, establishments and regulatory zone by commune.
    serviceable_csv
        Serviceable premises by commune and quarter; without it they are unknown.
    quarter
        ``2018-T1``; the latest of the file by default.

    Returns
    -------
    DataFrame
        Contract :data:`COMMUNE_COUNTS`, sorted by ``insee``; a commune that ``serviceable_csv``
        lacks has an unknown number of serviceable premises, not none.

    Raises
    ------
    ContractError
        Missing columns, or every offending cell at once.
    DataFileError
        Missing or broken file, or no such quarter.
    """
    source = open_source(communes_csv)
    raw, given = _read(source, _COMMUNE_TITLES, table="commune_counts")
    dense = _said(given["very_dense"])
    engaged = _said(given["l33_13"])
    zones = np.where(dense, "ztd", np.where(engaged, "l33_13", "public"))
    given["regulatory_zone"] = pa.array([RegulatoryZone(z).value for z in zones], pa.string())
    counted = _with_serviceable(given, "insee", "Code commune", serviceable_csv, quarter, source)
    return _counts(counted, COMMUNE_COUNTS, raw=raw, file=source.file)


def read_observatory_epci(
    epci_csv: str | Path, ftth_epci_csv: str | Path | None = None, *, quarter: str | None = None
) -> pd.DataFrame:
    """Read the observatory by EPCI as counts.

    As :func:`read_observatory`; contract :data:`EPCI_COUNTS`, sorted by ``siren``.  ARCEP rounds:
    the total of an EPCI differs from that of its communes by some dwellings.
    """
    source = open_source(epci_csv)
    raw, given = _read(source, _EPCI_TITLES, table="epci_counts")
    counted = _with_serviceable(given, "siren", "Siren EPCI", ftth_epci_csv, quarter, source)
    return _counts(counted, EPCI_COUNTS, raw=raw, file=source.file)


def observatory_to_figures(counts: pd.DataFrame, *, source: str) -> pd.DataFrame:
    """Return counts by commune or by EPCI as published figures.

    Parameters
    ----------
    counts
        Contract :data:`COMMUNE_COUNTS` or :data:`EPCI_COUNTS`.
    source
        What to write in ``source``.

    Returns
    -------
    DataFrame
        Contract ``premises_figures``.

    Raises
    ------
    ContractError
        When the counts have no date.
    """
    by_commune = "insee" in counts.columns
    figures = pd.DataFrame(
        {
            "level": (Level.COMMUNE if by_commune else Level.EPCI).value,
            "code": counts["insee" if by_commune else "siren"],
            "premises_count": counts["premises_count"],
            "serviceable_count": counts["serviceable_count"],
            "private_count": pd.array([None] * len(counts), dtype="Int64"),
            "on": counts["on"],
            "source": source,
        }
    )
    table = contract("premises_figures")
    table.check(figures)
    return table.select(figures)


def _read(
    source: Source, titles: Mapping[str, str], *, table: str
) -> tuple[RawLayer, dict[str, pa.Array]]:
    profile = Profile(name="observatory", signature=frozenset(), columns=titles)
    mapped = map_columns(
        source.columns, file=source.file, table=table, profiles=(profile,), required=tuple(titles)
    )
    raw = source.read(mapped.names())
    return raw, {ours: _absent(raw.table[theirs]) for ours, theirs in mapped.columns.items()}


def _absent(column: pa.ChunkedArray) -> pa.Array:
    """Return text in which ARCEP's dash is absent."""
    texts = as_text(column).to_pylist()
    return pa.array(
        [None if t is None or fold(t) in _ABSENT or t in _ABSENT else t for t in texts], pa.string()
    )


def _said(column: pa.Array) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """Tell where a flag or a list of operators says something; 0 says nothing."""
    return np.array([text is not None and text != "0" for text in column.to_pylist()], dtype=bool)


def _with_serviceable(
    given: dict[str, pa.Array],
    key: str,
    title: str,
    path: str | Path | None,
    quarter: str | None,
    source: Source,
) -> dict[str, pa.Array]:
    """Add the serviceable premises of the quarter, and its last day."""
    size = len(given[key])
    quarters = {q: name for name in source.columns if (q := _quarter_of(name))}
    known: dict[str, str | None] = {}
    if path is not None:
        other = open_source(path)
        quarters = {
            q: name
            for name in other.columns
            if (q := _quarter_of(name)) and ("categorie" not in fold(name))
        }
        chosen = quarter or max(quarters, default=None)
        if chosen not in quarters:
            raise file_failure(
                "no_such_quarter", file=other.file, quarter=chosen or "—",
                quarters=", ".join(sorted(quarters)) or "—",
            )  # fmt: skip
        known = _serviceable(other, title, quarters[chosen])
    else:
        chosen = quarter or max(quarters, default=None)
    day = None if chosen is None else _last_day(chosen)
    texts = [known.get(code) if code else None for code in given[key].to_pylist()]
    return given | {
        "serviceable_count": pa.array(texts, pa.string()),
        "on": pa.array([None if day is None else day.isoformat()] * size, pa.string()),
    }


def _serviceable(source: Source, title: str, column: str) -> dict[str, str | None]:
    """Return code to text; a table with several measures a code keeps the serviceable premises."""
    titles = {"code": title, "value": column}
    if any(fold(name) == "champ" for name in source.columns):
        titles["measure"] = "Champ"
    _, given = _read(source, titles, table="serviceable")
    measures = given.get("measure", pa.array([_SERVICEABLE] * len(given["code"]), pa.string()))
    found: dict[str, str | None] = {}
    for code, value, measure in zip(
        given["code"].to_pylist(), given["value"].to_pylist(), measures.to_pylist(), strict=True
    ):
        if code is None or fold(measure or "") != _SERVICEABLE:
            continue
        if code in found:
            raise file_failure("code_twice", file=source.file, code=code)
        found[code] = value
    return found


def _quarter_of(title: str) -> str | None:
    match = _QUARTER_TITLE.search(fold(title))
    if match is None:
        return None
    return f"{match[2]}-T{match[1]}" if match[1] else f"{match[3]}-T{match[4]}"


def _last_day(quarter: str) -> dt.date:
    match = _QUARTER.fullmatch(quarter)
    if match is None:
        raise file_failure("no_such_quarter", file="", quarter=quarter, quarters="2018-T1")
    year, number = int(match[1]), int(match[2])
    first_after = dt.date(year + number // 4, number % 4 * 3 + 1, 1)
    return first_after - dt.timedelta(days=1)


def _counts(
    given: dict[str, pa.Array], table: Contract, *, raw: RawLayer, file: str
) -> pd.DataFrame:
    """Add up dwellings and establishments, convert and check."""
    numbers = [parse_each(given[n], _digits) for n in ("dwellings_count", "businesses_count")]
    both = [n.take(np.arange(len(given["nom"]))).tolist() for n in numbers]
    total = [None if a is None or b is None else str(a + b) for a, b in zip(*both, strict=True)]
    # a count that can't be read is named once, as itself and not as its total
    total = ["0" if text is None else text for text in total]
    given = given | {"premises_count": pa.array(total, pa.string())}
    frame = convert_table(given, table, raw=raw, file=file)
    return table.select(frame)


def _digits(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdecimal() else None
