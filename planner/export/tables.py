r"""Tables for whoever has no GIS: CSV for machines, one XLSX workbook for people.

CSV is UTF-8 without a byte order mark, comma, decimal point, ISO dates, ``\n``: what every library
reads without options.  Column names, codes and cents are those of the contracts, an absent value is
nothing and an empty text is ``""``.  Nothing is changed on the way, a text that begins with ``=``
no more than another: a CSV is not meant for a spreadsheet, which might take it for a formula.

The workbook (:mod:`planner.export.workbook`) is: it has French headings and labels, euros, percents
and dates, and in it a text is always a text, never a formula.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pandas as pd
import pyarrow.csv

from planner.export.layout import Progress, Written, in_contract_order, sorted_arrow, unwatched
from planner.export.workbook import write_workbook
from planner.schemas import contract

__all__ = ["write_csv_tables", "write_workbook"]


def write_csv_tables(
    folder: str | Path,
    tables: Mapping[str, pd.DataFrame],
    *,
    lang: str = "fr",
    progress: Progress = unwatched,
) -> list[Written]:
    """Write each table as ``<name>.csv``, premises included, geometries left out.

    Parameters
    ----------
    folder
        Where the files go; it is made when it is missing.
    tables
        Table name, as in :data:`planner.schemas.CONTRACTS`, to frame; left as they are.
    lang
        Language of the labels told to ``progress``.
    progress
        Told the rows written, the rows to write and the title of the table.

    Returns
    -------
    list of Written
        Name and rows of each file; names are relative to the parent of ``folder``.

    Raises
    ------
    ContractError
        When a table misses a column of its contract.
    LookupError
        When a table has no contract.
    """
    place = Path(folder)
    place.mkdir(parents=True, exist_ok=True)
    options = pyarrow.csv.WriteOptions(quoting_style="needed")
    written = []
    done, total = 0, sum(len(frame) for frame in tables.values())
    for name, frame in in_contract_order(tables):
        table, _ = sorted_arrow(name, frame)
        pyarrow.csv.write_csv(table, place / f"{name}.csv", write_options=options)
        written.append(Written(path=f"{place.name}/{name}.csv", rows={name: table.num_rows}))
        done += table.num_rows
        progress(done, total, contract(name).titled(lang))
    return written
