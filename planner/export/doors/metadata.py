"""ISO 19139 metadata of each dataset, as a regional catalogue harvests them.

One XML file a table: title, abstract, extent, CRS, lineage, licence, contact, vintage.  Dates are
those of the data: the day that the figures describe stands for the day of writing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from xml.etree import ElementTree as ET

import geopandas as gpd
import numpy as np
import pandas as pd

from planner.crs import GEOGRAPHIC_CRS, WORKING_CRS, WORKING_EPSG, transform_xy
from planner.export.layout import Edition, Written, columns_of, in_contract_order, made_up
from planner.provenance import Origin
from planner.schemas import contract
from planner.texts import Message, say

__all__ = ["Contact", "write_metadata"]

_NAMESPACES: Final = {
    "gmd": "http://www.isotc211.org/2005/gmd",
    "gco": "http://www.isotc211.org/2005/gco",
    "xsi": "http://www.w3.org/2001/XMLSchema-instance",
}
_CODES: Final = "http://standards.iso.org/iso/19139/resources/gmxCodelists.xml"
_LANGUAGES: Final = {"fr": "fre", "en": "eng"}
_BORDERS: Final = frozenset({"region", "departements", "epci", "communes"})
_DENSIFIED: Final = 9  # positions along each side of a box, which isn't one in degrees


@dataclass(frozen=True, kw_only=True)
class Contact:
    """Who answers for the datasets; what isn't given is said to be missing.

    Parameters
    ----------
    organisation, email
        Name and address.
    """

    organisation: str | None = None
    email: str | None = None


_NOBODY: Final = Contact()


def write_metadata(
    folder: str | Path,
    tables: Mapping[str, pd.DataFrame],
    *,
    edition: Edition,
    origins: Iterable[Origin] = (),
    contact: Contact = _NOBODY,
    lang: str = "fr",
) -> list[Written]:
    """Write ``<table>.xml`` for each table, under ISO 19139 (``gmd:MD_Metadata``).

    Parameters
    ----------
    folder
        Where the files go; it is made when it is missing.
    tables
        Table name to frame; a geometry, or the positions of premises, give the extent.
    edition
        Scenario, territory and date.
    origins
        Source, licence and vintage of layers, and what is made up.
    contact
        Who answers for the datasets.
    lang
        Language of the texts.

    Returns
    -------
    list of Written
        Files, relative to ``folder``.
    """
    place = Path(folder)
    place.mkdir(parents=True, exist_ok=True)
    every = dict(in_contract_order(tables))
    marks = made_up(every, origins)
    of = {origin.layer: origin for origin in origins}
    written = []
    for name, frame in every.items():
        card = _Card(
            name=name, frame=frame, edition=edition, origin=of.get(name), mark=marks[name],
            contact=contact, lang=lang,
        )  # fmt: skip
        root = card.root()
        ET.indent(root)
        text = ET.tostring(root, encoding="unicode", short_empty_elements=True)
        head = '<?xml version="1.0" encoding="UTF-8"?>\n'
        (place / f"{name}.xml").write_text(head + text + "\n", encoding="utf-8", newline="")
        written.append(Written(path=f"{name}.xml", rows={name: len(frame)}))
    return written


@dataclass(frozen=True, kw_only=True)
class _Card:
    """What one file says."""

    name: str
    frame: pd.DataFrame
    edition: Edition
    origin: Origin | None
    mark: Message | None
    contact: Contact
    lang: str

    def root(self) -> ET.Element:
        for prefix, uri in _NAMESPACES.items():
            ET.register_namespace(prefix, uri)
        root = ET.Element(_tag("gmd:MD_Metadata"))
        spatial = self._extent() is not None
        _text(root, "gmd:fileIdentifier", f"{self.edition.scenario}.{self.name}")
        _code(root, "gmd:language", "LanguageCode", _LANGUAGES[self.lang])
        _code(root, "gmd:characterSet", "MD_CharacterSetCode", "utf8")
        level = "dataset" if spatial else "nonGeographicDataset"
        _code(root, "gmd:hierarchyLevel", "MD_ScopeCode", level)
        _text(root, "gmd:hierarchyLevelName", level)
        self._party(_child(root, "gmd:contact"))
        _day(root, "gmd:dateStamp", self.edition.on.isoformat())
        _text(root, "gmd:metadataStandardName", "ISO 19115:2003/19139")
        _text(root, "gmd:metadataStandardVersion", "1.0")
        if spatial:
            system = _child(
                root, "gmd:referenceSystemInfo", "gmd:MD_ReferenceSystem",
                "gmd:referenceSystemIdentifier", "gmd:RS_Identifier",
            )  # fmt: skip
            _text(system, "gmd:code", f"http://www.opengis.net/def/crs/EPSG/0/{WORKING_EPSG}")
            _text(system, "gmd:codeSpace", "EPSG")
        self._identification(_child(root, "gmd:identificationInfo", "gmd:MD_DataIdentification"))
        form = _child(root, "gmd:distributionInfo", "gmd:MD_Distribution",
                      "gmd:distributionFormat", "gmd:MD_Format")  # fmt: skip
        _text(form, "gmd:name", "GeoPackage")
        _text(form, "gmd:version", "1.2")
        quality = _child(root, "gmd:dataQualityInfo", "gmd:DQ_DataQuality")
        scope = _child(quality, "gmd:scope", "gmd:DQ_Scope")
        _code(scope, "gmd:level", "MD_ScopeCode", level)
        if not spatial:  # a scope that is no dataset says what it is
            other = _child(scope, "gmd:levelDescription", "gmd:MD_ScopeDescription")
            _text(other, "gmd:other", contract(self.name).titled(self.lang))
        lineage = _child(quality, "gmd:lineage", "gmd:LI_Lineage")
        _text(lineage, "gmd:statement", self._lineage())
        return root

    def _identification(self, about: ET.Element) -> None:
        citation = _child(about, "gmd:citation", "gmd:CI_Citation")
        title = f"{contract(self.name).titled(self.lang)} — {self.edition.territory}"
        if self.mark is not None:
            title += f" — {self.mark.say(self.lang).upper()}"
        _text(citation, "gmd:title", title)
        when = _child(citation, "gmd:date", "gmd:CI_Date")
        on = self.origin.on if self.origin is not None and self.origin.on else self.edition.on
        _day(when, "gmd:date", on.isoformat())
        _code(when, "gmd:dateType", "CI_DateTypeCode", "revision")
        if self.origin is not None and self.origin.vintage:
            _text(citation, "gmd:edition", self.origin.vintage)
        holder = _child(citation, "gmd:identifier", "gmd:MD_Identifier")
        _text(holder, "gmd:code", f"{self.edition.scenario}.{self.name}")
        _text(about, "gmd:abstract", self._abstract())
        self._party(_child(about, "gmd:pointOfContact"))
        words = _child(about, "gmd:descriptiveKeywords", "gmd:MD_Keywords")
        for key in ("fibre", "planning"):
            _text(words, "gmd:keyword", say(f"doors.keyword_{key}", self.lang))
        limits = _child(about, "gmd:resourceConstraints", "gmd:MD_LegalConstraints")
        licence = self.origin.licence if self.origin is not None else ""
        mention = self.origin.attribution if self.origin is not None else ""
        _text(limits, "gmd:useLimitation", mention or licence or None)
        _code(limits, "gmd:accessConstraints", "MD_RestrictionCode", "otherRestrictions")
        _text(limits, "gmd:otherConstraints", licence or None)
        kind = "vector" if self._extent() is not None else "textTable"
        _code(about, "gmd:spatialRepresentationType", "MD_SpatialRepresentationTypeCode", kind)
        _code(about, "gmd:language", "LanguageCode", _LANGUAGES[self.lang])
        _code(about, "gmd:characterSet", "MD_CharacterSetCode", "utf8")
        topic = "boundaries" if self.name in _BORDERS else "utilitiesCommunication"
        _child(about, "gmd:topicCategory", "gmd:MD_TopicCategoryCode").text = topic
        extent = _child(about, "gmd:extent", "gmd:EX_Extent")
        _text(extent, "gmd:description", self.edition.territory)
        box = self._extent()
        if box is not None:
            bounds = _child(extent, "gmd:geographicElement", "gmd:EX_GeographicBoundingBox")
            names = ("westBound", "eastBound", "southBound", "northBound")
            sides = ("Longitude", "Longitude", "Latitude", "Latitude")
            for name, side, value in zip(names, sides, box, strict=True):
                _child(bounds, f"gmd:{name}{side}", "gco:Decimal").text = f"{value:.6f}"
        _text(about, "gmd:supplementalInformation", self._columns())

    def _party(self, place: ET.Element) -> None:
        party = _child(place, "gmd:CI_ResponsibleParty")
        _text(party, "gmd:organisationName", self.contact.organisation)
        if self.contact.email:
            address = _child(party, "gmd:contactInfo", "gmd:CI_Contact", "gmd:address",
                             "gmd:CI_Address")  # fmt: skip
            _text(address, "gmd:electronicMailAddress", self.contact.email)
        _code(party, "gmd:role", "CI_RoleCode", "pointOfContact")

    def _abstract(self) -> str:
        return say(
            "doors.abstract", self.lang, description=contract(self.name).described(self.lang),
            title=self.edition.title, on=self.edition.on, rows=len(self.frame),
        )  # fmt: skip

    def _lineage(self) -> str:
        source = self.origin.source if self.origin is not None else ""
        if source:
            text = say("doors.from_source", self.lang, source=source)
        else:
            text = say("doors.computed", self.lang, scenario=self.edition.scenario)
        if self.mark is not None:
            text += " " + say("doors.mark", self.lang, mark=self.mark)
        return text

    def _columns(self) -> str:
        lines = [
            f"{column.name} : {column.titled(self.lang)} — {column.described(self.lang)}"
            + (f" ({column.unit})" if column.unit else "")
            for column in columns_of(self.name, self.frame)
        ]
        return "\n".join(lines)

    def _extent(self) -> tuple[float, float, float, float] | None:
        """Return west, east, south and north in degrees, None without any position."""
        frame = self.frame
        if isinstance(frame, gpd.GeoDataFrame):
            west, south, east, north = frame.total_bounds
        elif {"x_m", "y_m"} <= set(frame.columns):
            x, y = frame["x_m"].to_numpy(), frame["y_m"].to_numpy()
            west, east, south, north = np.nanmin(x), np.nanmax(x), np.nanmin(y), np.nanmax(y)
        else:
            return None
        if not np.isfinite([west, south, east, north]).all():
            return None
        grid = np.meshgrid(
            np.linspace(west, east, _DENSIFIED), np.linspace(south, north, _DENSIFIED)
        )
        lon, lat = transform_xy(
            grid[0].ravel(), grid[1].ravel(), source=WORKING_CRS, target=GEOGRAPHIC_CRS
        )
        return float(lon.min()), float(lon.max()), float(lat.min()), float(lat.max())


def _tag(name: str) -> str:
    prefix, _, local = name.partition(":")
    return f"{{{_NAMESPACES[prefix]}}}{local}"


def _child(parent: ET.Element, *names: str) -> ET.Element:
    for name in names:
        parent = ET.SubElement(parent, _tag(name))
    return parent


def _text(parent: ET.Element, name: str, text: str | None) -> None:
    """Add a text, or the statement that it is missing."""
    if text:
        _child(parent, name, "gco:CharacterString").text = text
    else:
        _child(parent, name).set(_tag("gco:nilReason"), "missing")


def _day(parent: ET.Element, name: str, day: str) -> None:
    _child(parent, name, "gco:Date").text = day


def _code(parent: ET.Element, name: str, code_list: str, value: str) -> None:
    element = _child(parent, name, f"gmd:{code_list}")
    element.set("codeList", f"{_CODES}#{code_list}")
    element.set("codeListValue", value)
    element.text = value
