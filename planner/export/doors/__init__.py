"""Other doors out of a plan: GeoParquet, FlatGeobuf, TopoJSON and the metadata of a catalogue."""

from __future__ import annotations

from planner.export.doors.formats import Format, write_export
from planner.export.doors.geo import write_flatgeobuf, write_geoparquet
from planner.export.doors.metadata import Contact, write_metadata
from planner.export.doors.topojson import write_topojson

__all__ = [
    "Contact",
    "Format",
    "write_export",
    "write_flatgeobuf",
    "write_geoparquet",
    "write_metadata",
    "write_topojson",
]
