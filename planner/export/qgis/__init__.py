"""What QGIS needs to open a package styled, linked and ready to print, without QGIS to write it."""

from __future__ import annotations

from planner.export.qgis.package import write_package
from planner.export.qgis.qml import layer_styles
from planner.export.qgis.tables import package_tables

__all__ = ["layer_styles", "package_tables", "write_package"]
