"""Anomalies: rule by rule as arrays, put into words and layers when somebody reads them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from planner.crs import WORKING_CRS
from planner.schemas import contract
from planner.texts import say
from planner.vocab import Severity

__all__ = ["Anomalies", "Batch", "anomalies_of_cells", "click_points", "mended", "nowhere"]

Floats = NDArray[np.float64]
Shapes = NDArray[np.object_]

_ID_CHARACTERS: Final = 16
_SUMMARY: Final = ("rule", "severity", "table", "count", "listed", "meaning", "remedy")


def nowhere(count: int) -> Floats:
    """Return coordinates of offences that nothing places."""
    return np.full(count, np.nan)


@dataclass(frozen=True, kw_only=True, eq=False)
class Batch:
    """The offences of one table against one rule.

    Parameters
    ----------
    rule
        Stable identifier; its sentences are the texts ``quality.<rule>``, dots as underscores.
    severity
        How much it matters.
    table
        Table concerned.
    keys
        Key of each row concerned.
    facts
        Name to one value an offence: what its sentence names beside ``key``, ``table`` and
        ``column``.
    column
        Column concerned, or the empty string for the whole row.
    x_m, y_m
        Where to click, EPSG:2154; NaN where nothing places the row.
    shapes
        Polygons or lines to draw, None where there is none.
    count
        Offences in all, when only the first ones are listed.
    """

    rule: str
    severity: Severity
    table: str
    keys: Sequence[str]
    facts: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    column: str = ""
    x_m: Floats | None = None
    y_m: Floats | None = None
    shapes: Shapes | None = None
    count: int | None = None

    def __len__(self) -> int:
        return len(self.keys)

    @property
    def total(self) -> int:
        """Offences in all, listed or not."""
        return len(self) if self.count is None else self.count

    @property
    def text(self) -> str:
        """Key of its sentence."""
        return f"quality.{self.rule.replace('.', '_')}"

    def anomaly_id(self, key: str) -> str:
        """Return an identifier that stays the same as long as rule, table, row and column do."""
        text = f"{self.rule}|{self.table}|{key}|{self.column}"
        return hashlib.sha256(text.encode()).hexdigest()[:_ID_CHARACTERS]

    def first(self, count: int) -> Batch:
        """Return the first offences by key; the others stay counted."""
        order = sorted(range(len(self)), key=lambda row: self.keys[row])
        rows = np.array(order[:count], dtype=np.intp)
        taken = rows.tolist()
        return replace(
            self,
            keys=[self.keys[row] for row in taken],
            facts={name: [column[row] for row in taken] for name, column in self.facts.items()},
            x_m=None if self.x_m is None else self.x_m[rows],
            y_m=None if self.y_m is None else self.y_m[rows],
            shapes=None if self.shapes is None else self.shapes[rows],
            count=self.total,
        )

    def messages(self, lang: str) -> list[str]:
        """Put each offence into words."""
        names = list(self.facts)
        return [
            say(self.text, lang, key=key, table=_title(self.table, lang), column=self.column,
                **dict(zip(names, row, strict=True)))
            for key, row in zip(self.keys, _rows(self.facts, len(self)), strict=True)
        ]  # fmt: skip

    def remedy(self, lang: str) -> str:
        """Say what to do about it."""
        return say(f"{self.text}_remedy", lang)

    def meaning(self, lang: str) -> str:
        """Say what the rule looks for."""
        return say(f"{self.text}_about", lang)


def _rows(facts: Mapping[str, Sequence[Any]], count: int) -> Iterable[tuple[Any, ...]]:
    return zip(*facts.values(), strict=True) if facts else [()] * count


def _title(table: str, lang: str) -> str:
    return contract(table).titled(lang)


@dataclass(frozen=True, kw_only=True, eq=False)
class Anomalies:
    """What is wrong with some data, in the order of severity (worst first), rule and table.

    Parameters
    ----------
    batches
        The offences, by rule and table.
    synthetic
        Tables whose rows are made up.
    communes
        ``insee`` of every offence, in the order of the batches; computed by the check.
    """

    batches: tuple[Batch, ...] = ()
    synthetic: frozenset[str] = frozenset()
    communes: tuple[tuple[str | None, ...], ...] = ()

    def __len__(self) -> int:
        """Return the number of offences, listed or not."""
        return sum(batch.total for batch in self.batches)

    @property
    def is_blocking(self) -> bool:
        """Whether anything is more than information: what ``--strict`` refuses."""
        return any(batch.severity is not Severity.INFO for batch in self.batches)

    def count(self, rule: str) -> int:
        """Return the number of offences against a rule."""
        return sum(batch.total for batch in self.batches if batch.rule == rule)

    def summary(self, lang: str = "fr") -> pd.DataFrame:
        """Return a row for each rule and table: how many offences, and how many are listed."""
        rows = [
            (b.rule, b.severity.value, b.table, b.total, len(b), b.meaning(lang), b.remedy(lang))
            for b in self.batches
        ]
        return pd.DataFrame(rows, columns=list(_SUMMARY))

    def table(self, lang: str = "fr") -> pd.DataFrame:
        """Return the contracted table ``anomalies``, in words, sorted by identifier."""
        wanted = contract("anomalies")
        parts = [self._part(number, batch, lang) for number, batch in enumerate(self.batches)]
        if not parts:
            return wanted.empty()
        return wanted.select(pd.concat(parts, ignore_index=True))

    def _part(self, number: int, batch: Batch, lang: str) -> pd.DataFrame:
        size = len(batch)
        insee = self.communes[number] if self.communes else (None,) * size
        return pd.DataFrame(
            {
                "anomaly_id": [batch.anomaly_id(key) for key in batch.keys],
                "rule": batch.rule,
                "severity": batch.severity.value,
                "table": batch.table,
                "row_key": list(batch.keys),
                "column": batch.column,
                "insee": pd.array(insee, dtype="str"),
                "message": batch.messages(lang),
                "remedy": batch.remedy(lang),
                "x_m": nowhere(size) if batch.x_m is None else batch.x_m,
                "y_m": nowhere(size) if batch.y_m is None else batch.y_m,
                "synthetic": batch.table in self.synthetic,
            }
        )

    def areas(self, lang: str = "fr") -> gpd.GeoDataFrame:
        """Return the contracted layer ``anomaly_areas``: overlaps, gaps, polygons to mend."""
        return self._layer("anomaly_areas", (3, 6), lang)

    def lines(self, lang: str = "fr") -> gpd.GeoDataFrame:
        """Return the contracted layer ``anomaly_lines``: from a premise to its commune."""
        return self._layer("anomaly_lines", (1, 5), lang)

    def _layer(self, name: str, kinds: tuple[int, ...], lang: str) -> gpd.GeoDataFrame:
        rows: list[dict[str, Any]] = []
        shapes: list[Any] = []
        for batch in self.batches:
            if batch.shapes is None:
                continue
            drawn = np.flatnonzero(np.isin(shapely.get_type_id(batch.shapes), kinds)).tolist()
            if not drawn:
                continue
            messages = batch.messages(lang)
            rows += [
                {
                    "anomaly_id": batch.anomaly_id(batch.keys[row]), "rule": batch.rule,
                    "severity": batch.severity.value, "message": messages[row],
                }
                for row in drawn
            ]  # fmt: skip
            shapes += [batch.shapes[row] for row in drawn]
        if not rows:
            return contract(name).empty()
        layer = gpd.GeoDataFrame(pd.DataFrame(rows), geometry=shapes, crs=WORKING_CRS)
        return contract(name).select(layer)

    def tables(self, lang: str = "fr") -> dict[str, pd.DataFrame]:
        """Return the three layers by the name of their contract; one without rows is left out."""
        every = {
            "anomalies": self.table(lang),
            "anomaly_areas": self.areas(lang),
            "anomaly_lines": self.lines(lang),
        }
        return {name: frame for name, frame in every.items() if len(frame)}


def anomalies_of_cells(table: str, frame: pd.DataFrame, violations: pd.DataFrame) -> Anomalies:
    """Turn the cells that break a contract into anomalies, with the place to click.

    Parameters
    ----------
    table
        Name of the table.
    frame
        The frame that was checked; its geometry, or its ``x_m`` and ``y_m``, give the places.
    violations
        What :meth:`planner.contracts.Contract.violations` returned for it.
    """
    batches = []
    shapes = frame.geometry.to_numpy() if isinstance(frame, gpd.GeoDataFrame) else None
    for (column,), group in violations.groupby(["column"], sort=True):
        rows = group["row"].to_numpy(dtype=np.intp)
        places = _places(frame, shapes, rows)
        keys = [
            name or f"#{row}" if row >= 0 else "*"
            for row, name in zip(rows.tolist(), group["key"].astype(str), strict=True)
        ]
        batches.append(
            Batch(
                rule="contract.cell", severity=Severity.SERIOUS, table=table, column=str(column),
                keys=_apart(keys),
                facts={
                    "value": group["value"].astype(str).tolist(),
                    "reason": list(group["rule"]),
                    "way_out": list(group["remedy"]),
                },
                x_m=places[:, 0], y_m=places[:, 1], shapes=_drawable(shapes, rows),
            )
        )  # fmt: skip
    return Anomalies(batches=tuple(batches))


def _apart(keys: Sequence[str]) -> list[str]:
    """Give a number to the keys that come twice: each offence is a row of its own."""
    seen: dict[str, int] = {}
    apart = []
    for key in keys:
        seen[key] = seen.get(key, 0) + 1
        apart.append(key if seen[key] == 1 else f"{key} ({seen[key]})")
    return apart


def _places(frame: pd.DataFrame, shapes: Shapes | None, rows: NDArray[np.intp]) -> Floats:
    places = np.full((len(rows), 2), np.nan)
    known = rows >= 0
    if shapes is not None:
        places[known] = click_points(shapes[rows[known]])
    elif {"x_m", "y_m"} <= set(frame.columns):
        places[known] = frame[["x_m", "y_m"]].to_numpy(dtype=np.float64)[rows[known]]
    return places


def _drawable(shapes: Shapes | None, rows: NDArray[np.intp]) -> Shapes | None:
    if shapes is None:
        return None
    drawn = np.full(len(rows), None, dtype=object)
    known = np.flatnonzero(rows >= 0)
    taken = shapes[rows[known]]
    whole = ~shapely.is_missing(taken) & ~shapely.is_empty(taken)
    taken[whole] = mended(taken[whole])
    taken[~whole] = None
    drawn[known] = taken
    return drawn


def click_points(shapes: Shapes) -> Floats:
    """Return a point on each shape, NaN where there is none; invalid shapes have one too."""
    points = np.full((len(shapes), 2), np.nan)
    usable = ~(shapely.is_missing(shapes) | shapely.is_empty(shapes))
    usable &= np.isfinite(shapely.bounds(shapes)).all(axis=1)
    where = np.flatnonzero(usable)
    on_surface = shapely.point_on_surface(mended(shapes[where]))
    points[where] = shapely.get_coordinates(shapely.force_2d(on_surface))
    return points


def mended(shapes: Shapes) -> Shapes:
    """Return shapes that can be drawn and measured: the invalid ones made valid, never kept."""
    fixed = shapes.copy()
    wrong = np.flatnonzero(~shapely.is_valid(shapes))
    if wrong.size:
        fixed[wrong] = shapely.make_valid(shapes[wrong])
        collections = wrong[
            shapely.get_type_id(fixed[wrong]) == shapely.GeometryType.GEOMETRYCOLLECTION
        ]
        for row in collections.tolist():  # a polygon with a dangling line: keep its surface
            parts = [part for part in fixed[row].geoms if part.area > 0]
            fixed[row] = shapely.union_all(parts) if parts else fixed[row].convex_hull
    return fixed
