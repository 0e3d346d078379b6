"""GeoParquet and plain Parquet."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import geopandas as gpd
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from planner.crs import GEOGRAPHIC_CRS
from planner.io.files import READ_FAILURES, file_failure
from planner.io.layers import RawLayer, numbered

__all__ = ["ParquetSource"]


@dataclass(frozen=True, kw_only=True)
class ParquetSource:
    """An open Parquet file; ``geometry`` is the name of its primary geometry, or None."""

    file: str
    path: Path
    columns: tuple[str, ...]
    crs: str | None
    geometry: str | None
    wkb: bool

    @property
    def has_geometry(self) -> bool:
        """Whether the file is a GeoParquet."""
        return self.geometry is not None

    @classmethod
    def open(cls, path: Path) -> Self:
        """Read the footer.

        Raises
        ------
        DataFileError
            When the file is broken.
        """
        try:
            schema = pq.read_schema(path)
            geo = json.loads((schema.metadata or {}).get(b"geo", b"{}"))
            primary = geo.get("primary_column")
            about = geo.get("columns", {}).get(primary, {})
        except (*READ_FAILURES, AttributeError) as error:
            raise file_failure("unreadable", file=path.name, detail=str(error)) from error
        return cls(
            file=path.name, path=path,
            columns=tuple(name for name in schema.names if name != primary),
            crs=_crs(about) if primary else None,
            geometry=primary if primary in schema.names else None,
            wkb=about.get("encoding") == "WKB",
        )  # fmt: skip

    def read(self, wanted: Sequence[str]) -> RawLayer:
        """Read these columns, and the geometry.

        Raises
        ------
        DataFileError
            When the file is broken.
        """
        names = list(dict.fromkeys(wanted))
        try:
            if self.geometry is not None and not self.wkb:
                return self._read_other_encoding(names)
            asked = [*names, self.geometry] if self.geometry else names
            table = pq.read_table(self.path, columns=asked or None)
            wkb = table[self.geometry].combine_chunks() if self.geometry else None
            if isinstance(wkb, pa.ChunkedArray):  # an empty one stays in chunks
                wkb = pa.array([], pa.binary())
            return RawLayer(table=table.select(names), rows=numbered(table.num_rows), wkb=wkb)
        except READ_FAILURES as error:
            raise file_failure("unreadable", file=self.file, detail=str(error)) from error

    def _read_other_encoding(self, names: list[str]) -> RawLayer:
        frame = gpd.read_parquet(self.path, columns=[*names, self.geometry])
        shapes = np.asarray(frame.geometry.to_numpy(), dtype=object)
        table = pq.read_table(self.path, columns=names)
        return RawLayer(table=table, rows=numbered(len(frame)), shapes=shapes)


def _crs(about: dict[str, Any]) -> str | None:
    """Return the declared CRS: absent means longitude and latitude, null means unknown."""
    if "crs" not in about:
        return GEOGRAPHIC_CRS
    return None if about["crs"] is None else json.dumps(about["crs"])
