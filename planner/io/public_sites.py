"""Public sites: the schools of the Ministry of Education's open directory, or any list of sites.

Recognised by their columns: ``fr-en-annuaire-education`` and
``fr-en-adresse-et-geolocalisation-etablissements-premier-et-second-degre`` (data.education.gouv.fr,
Licence Ouverte 2.0), and our own contract ``public_sites``.  Positions must be in EPSG:2154, as the
directory gives them; rows in = rows used + rows set aside.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd
import pyarrow as pa

from planner.crs import WORKING_CRS
from planner.findings import Findings
from planner.io.files import hash_file
from planner.io.intake import RowSieve, reject_nothing
from planner.io.layers import inside_area
from planner.io.opening import open_source
from planner.io.profiles import PROJECTIONS, Profile, map_columns
from planner.io.tables import read_table
from planner.io.values import as_numbers, as_text, words
from planner.provenance import Origin
from planner.schemas import contract
from planner.texts import say
from planner.vocab import fold

__all__ = ["PublicSitesIntake", "read_public_sites"]

_TABLE: Final = "public_sites"
_PROFILES: Final = (
    Profile(
        name="annuaire_education",
        signature=frozenset({"identifiant_de_l_etablissement", "nom_etablissement"}),
        columns={
            "site_id": "Identifiant_de_l_etablissement", "nom": "Nom_etablissement",
            "kind": "Type_etablissement", "x_m": "coordonnee_X", "y_m": "coordonnee_Y",
            "projection": "epsg",
        },
    ),
    Profile(
        name="adresse_et_geolocalisation",
        signature=frozenset({"code_etablissement", "appellation_officielle"}),
        columns={
            "site_id": "Code établissement", "nom": "Appellation officielle", "kind": "Nature",
            "x_m": "Coordonnee X", "y_m": "Coordonnee Y", "projection": "EPSG",
        },
    ),
    Profile(
        name="planner",
        signature=frozenset(),
        columns={name: name for name in ("site_id", "nom", "kind", "x_m", "y_m", "projection")},
    ),
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class PublicSitesIntake:
    """Public sites as read.

    Parameters
    ----------
    table
        Contract ``public_sites``, sorted by site.
    rejected_rows
        Contract ``rejected_rows``.
    findings, origin, rows_in
        As in :class:`planner.io.PremisesIntake`.
    """

    table: pd.DataFrame
    rejected_rows: pd.DataFrame
    findings: Findings
    origin: Origin
    rows_in: int

    def summary(self, lang: str = "fr") -> str:
        """Say how many rows came in, are used and are set aside."""
        return say(
            "io.summary", lang, file=self.origin.source, rows=self.rows_in,
            used=len(self.table), aside=len(self.rejected_rows),
        )  # fmt: skip


def read_public_sites(
    path: str | Path,
    *,
    columns: Mapping[str, str] | None = None,
    origin: Origin | None = None,
    synthetic: bool = False,
) -> PublicSitesIntake:
    """Read public sites.

    A site that comes on several rows (a school with several natures) is one: its first row stands,
    the others are set aside as duplicates.  A file with every column of the contract is read under
    it.

    Parameters
    ----------
    path
        CSV (separator and encoding found), GeoPackage or Parquet.
    columns
        Ours (``site_id``, ``nom``, ``kind``, ``x_m``, ``y_m``, ``projection``) to the file's.
    origin
        Where it comes from, when that is known.
    synthetic
        Whether the sites are made up.

    Raises
    ------
    ContractError
        When a column is missing.
    DataFileError
        Missing, empty or broken file.
    """
    source = open_source(path)
    if set(contract(_TABLE).column_names) <= set(source.columns) and not columns:
        whole = read_table(path, _TABLE, origin=origin)
        return PublicSitesIntake(
            table=whole.table, rejected_rows=reject_nothing(), findings=whole.findings,
            origin=whole.origin, rows_in=whole.rows_in,
        )  # fmt: skip
    mapped = map_columns(
        source.columns, file=source.file, table=_TABLE, profiles=_PROFILES,
        required=("site_id", "nom", "x_m", "y_m"), columns=columns,
    )  # fmt: skip
    raw = source.read(mapped.names())
    text = {
        ours: as_text(raw.table[theirs]) if len(raw.rows) else pa.array([], pa.string())
        for ours, theirs in mapped.columns.items()
    }
    sieve = RowSieve(source.file, _TABLE, raw.rows, raw.broken)

    def aside(wrong: np.ndarray, reason: str, ours: str) -> None:
        received = text[ours]
        sieve.set_aside(
            wrong, reason, column=mapped.columns[ours],
            values=lambda rows: received.take(pa.array(rows)).to_pylist(),
        )  # fmt: skip

    for name in ("site_id", "nom"):
        aside(_null(text[name]), "missing_key", name)
    if "projection" in text:
        known = [
            value is None or PROJECTIONS.get(fold(value)) == WORKING_CRS
            for value in text["projection"].to_pylist()
        ]
        aside(~np.array(known, dtype=bool), "unknown_crs", "projection")
    (x, x_bad), (y, y_bad) = (
        as_numbers(raw.table[mapped.columns[name]]) for name in ("x_m", "y_m")
    )
    aside(x_bad | y_bad | np.isnan(x) | np.isnan(y), "no_position", "x_m")
    aside(~(np.isfinite(x) & np.isfinite(y)), "not_finite", "x_m")
    aside(~inside_area(x, y), "outside_area", "x_m")
    ids = pd.Series(text["site_id"].to_pylist(), dtype="object")
    again = ids.where(pd.Series(sieve.kept)).duplicated().to_numpy() & sieve.kept
    aside(again, "duplicate_key", "site_id")
    about = origin or Origin(layer=_TABLE, title=source.file, source=source.file, licence="")
    frame = pd.DataFrame(
        {
            "site_id": words(text["site_id"].to_pylist()),
            "nom": words(text["nom"].to_pylist()),
            "kind": words(text["kind"].to_pylist() if "kind" in text else [None] * len(x)),
            "x_m": x,
            "y_m": y,
            "source": about.source,
            "synthetic": synthetic,
        }
    ).loc[sieve.kept]
    table = contract(_TABLE).select(frame) if len(frame) else contract(_TABLE).empty()
    contract(_TABLE).check(table)
    return PublicSitesIntake(
        table=table,
        rejected_rows=sieve.rejected_rows(),
        findings=Findings.collect(raw.findings, sieve.findings()),
        origin=Origin(
            layer=_TABLE, title=about.title, source=about.source, licence=about.licence,
            vintage=about.vintage, rows=len(table), sha256=hash_file(path), synthetic=synthetic,
        ),
        rows_in=sieve.rows_in,
    )  # fmt: skip


def _null(column: pa.Array) -> np.ndarray:
    flags: np.ndarray = column.is_null().to_numpy(zero_copy_only=False)
    return flags
