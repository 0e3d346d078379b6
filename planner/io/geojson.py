"""GeoJSON, read with the standard library: drivers drop the features that they don't understand.

Every member of ``features`` is a row, whatever it holds.  Not a format for millions of rows: keep
GeoPackage or GeoParquet for those.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import pyarrow as pa
import shapely

from planner.crs import GEOGRAPHIC_CRS
from planner.findings import Finding
from planner.io.files import READ_FAILURES, FileKind, decode, file_failure
from planner.io.intake import Broken
from planner.io.layers import RawLayer, arrow_column, undefined_allowed
from planner.vocab import Severity

__all__ = ["GeoJsonSource"]


@dataclass(frozen=True, kw_only=True)
class GeoJsonSource:
    """An open GeoJSON file.

    Parameters
    ----------
    file
        Name of the file.
    columns
        Names of the properties, in the order met; ``id`` is the identifier of the feature where no
        property has that name.
    crs
        EPSG:4326 unless the file says otherwise (before RFC 7946).
    features
        One a row: an object with properties and geometry, or something else.
    encoding
        The encoding of the file.
    plain
        Whether the text is plain ASCII.
    """

    file: str
    columns: tuple[str, ...]
    crs: str | None
    features: Sequence[Any]
    encoding: str
    plain: bool
    has_geometry: bool = True

    @classmethod
    def open(cls, content: bytes, *, file: str, encoding: str | None = None) -> Self:
        """Parse the file.

        Raises
        ------
        DataFileError
            When it isn't a feature collection.
        """
        text = decode(content, file=file, encoding=encoding)
        try:
            document = json.loads(text.content)
        except READ_FAILURES as error:
            raise file_failure("unreadable", file=file, detail=str(error)) from error
        features = _features(document)
        if features is None:
            raise file_failure(
                "not_its_name", file=file, expected=FileKind.GEOJSON.value, found="JSON"
            )
        names: dict[str, None] = {}
        for feature in features:
            if _is_feature(feature):
                names.update(dict.fromkeys(_properties(feature)))
        if any(_is_feature(f) and f.get("id") is not None for f in features):
            names.setdefault("id")
        return cls(
            file=file, columns=tuple(names), crs=_declared_crs(document), features=features,
            encoding=text.encoding, plain=text.ascii,
        )  # fmt: skip

    def read(self, wanted: Sequence[str]) -> RawLayer:
        """Read the features with these properties."""
        good = [row for row, feature in enumerate(self.features) if _is_feature(feature)]
        features = [self.features[row] for row in good]
        bad = sorted(set(range(len(self.features))) - set(good))
        broken = tuple(
            Broken(row + 1, "broken_record", "", _dumps(self.features[row])) for row in bad
        )
        columns = {name: arrow_column([_value(f, name) for f in features]) for name in wanted}
        found: tuple[Finding, ...] = ()
        if not self.plain and self.encoding != "utf-8":
            found = (
                Finding.of(
                    "io.encoding_found", severity=Severity.INFO, table="", place=self.file,
                    encoding=self.encoding,
                ),
            )  # fmt: skip
        return RawLayer(
            table=pa.table(columns) if columns else pa.table({"": pa.nulls(len(good))}),
            rows=np.array(good, dtype=np.int64) + 1,
            broken=broken,
            shapes=_shapes(features),
            findings=found,
        )


def _features(document: Any) -> list[Any] | None:  # noqa: ANN401 (anything that JSON holds)
    if not isinstance(document, dict):
        return None
    if document.get("type") == "Feature":
        return [document]
    features = document.get("features")
    return features if isinstance(features, list) else None


def _is_feature(feature: object) -> bool:
    return isinstance(feature, dict) and feature.get("type") == "Feature"


def _properties(feature: dict[str, Any]) -> dict[str, Any]:
    properties = feature.get("properties")
    return properties if isinstance(properties, dict) else {}


def _value(feature: dict[str, Any], name: str) -> Any:  # noqa: ANN401 (anything that JSON holds)
    properties = _properties(feature)
    return feature.get("id") if name == "id" and name not in properties else properties.get(name)


def _declared_crs(document: dict[str, Any]) -> str:
    """Return the CRS named the old way (2008), else that of RFC 7946."""
    crs = document.get("crs")
    properties = crs.get("properties") if isinstance(crs, dict) else None
    name = properties.get("name") if isinstance(properties, dict) else None
    return name if isinstance(name, str) else GEOGRAPHIC_CRS


def _dumps(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True)[:200]


def _shapes(features: Sequence[dict[str, Any]]) -> np.ndarray[Any, np.dtype[np.object_]]:
    shapes = np.full(len(features), None, dtype=object)
    which = [
        row for row, feature in enumerate(features) if isinstance(feature.get("geometry"), dict)
    ]
    texts = np.array([json.dumps(features[row]["geometry"]) for row in which], dtype=object)
    if which:
        with undefined_allowed():
            shapes[which] = shapely.from_geojson(texts, on_invalid="ignore")
    return shapes
