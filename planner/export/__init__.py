"""What leaves the project: map, GeoPackage, tables, manifest, in one folder swapped whole."""

from __future__ import annotations

from planner.export.map import write_comparison_map, write_map
from planner.export.outputs import write_plan
from planner.export.qgis import write_package

__all__ = ["write_comparison_map", "write_map", "write_package", "write_plan"]
