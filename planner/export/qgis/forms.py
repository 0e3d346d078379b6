"""Attribute forms that a person can edit: French aliases, lists, constraints, computed fields."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Final

from planner.contracts import Column
from planner.edits import EDITABLE as TAKEN
from planner.export.gpkg_schema import aliases_of
from planner.export.qgis._xml import Value, node, option, options, text_node
from planner.export.qgis.layers import LayerFacts, Link
from planner.schemas import contract
from planner.texts import Message, say
from planner.vocab import Laying

__all__ = ["EDITABLE", "form"]

_CREATED: Final = frozenset(TAKEN) - {"programme"}  # a person may add rows, and gives their key
EDITABLE: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        name: (*(contract(name).key if name in _CREATED else ()), *fields)
        for name, fields in TAKEN.items()
    }
)
"""Fields that a person may change: what :mod:`planner.edits` takes back."""

_OPEN_LISTS: Final[Mapping[str, tuple[tuple[str, Message], ...]]] = MappingProxyType(
    {
        "laying": tuple((one.value, Message.of("style.term", term=one)) for one in Laying),
        "works": tuple((code, Message.of(f"qgis.works_{code}")) for code in ("new", "reused")),
    }
)
"""Columns whose codes have names, but may hold others: a price book has its own kinds of laying."""
_FID: Final = "fid"
_NULL: Final = "{2839923C-8B7D-419E-B84B-CA2FE9B80EC7}"  # QGIS's own word for null in a list
_LONG: Final = frozenset({"reason", "message", "remedy", "referential", "source"})
_HARD, _SOFT, _NONE = 1, 2, 0
_NOT_NULL, _UNIQUE, _EXPRESSION = 1, 2, 4
_DEFAULTS: Final = MappingProxyType({"synthetic": "false"})


def form(facts: LayerFacts, links: Sequence[Link] = ()) -> list[ET.Element]:
    """Return the elements of a style that say how fields are named, shown and edited.

    Parameters
    ----------
    facts
        The layer.
    links
        Relations of the project that touch the layer; none in a style that stands alone.
    """
    names = aliases_of(facts.columns, facts.lang)
    editable = EDITABLE.get(facts.name, ())
    towards = {link.field: link for link in links if link.table == facts.name}
    fields = [_FID, *(column.name for column in facts.columns)]
    by_name = {column.name: column for column in facts.columns}

    def widget(name: str) -> ET.Element:
        if name == _FID:
            return _setup("Hidden", {})
        column = by_name[name]
        if name in towards and name in editable:
            return _setup("RelationReference", _reference(towards[name], column))
        return _setup(*_widget(column, editable=name in editable, lang=facts.lang))

    def each(tag: str, inner: str, make: Callable[[int, str], dict[str, object]]) -> ET.Element:
        return node(tag, {}, *(node(inner, make(i, name)) for i, name in enumerate(fields)))

    widgets = [
        node("field", {"name": name, "configurationFlags": "None"}, widget(name)) for name in fields
    ]
    columns = each(
        "columns", "column",
        lambda _, name: {"type": "field", "name": name, "width": -1, "hidden": name == _FID},
    )  # fmt: skip
    return [
        node("fieldConfiguration", {}, *widgets),
        each(
            "aliases", "alias",
            lambda i, name: {"field": name, "index": i, "name": names.get(name, "")},
        ),
        each(
            "defaults", "default",
            lambda _, name: {
                "field": name, "applyOnUpdate": 0,
                "expression": _DEFAULTS.get(name, "") if name in editable else "",
            },
        ),
        *_constraints(facts, fields, by_name, editable),
        node("attributetableconfig", {"actionWidgetStyle": "dropDown", "sortOrder": 0}, columns),
        text_node("editform", "", {"tolerant": 1}),
        text_node("editorlayout", "tablayout"),
        _tabs(
            facts, fields, editable,
            [link for link in links if link.target == facts.name and link.shown],
        ),
        each("editable", "field", lambda _, name: {"name": name, "editable": name in editable}),
        text_node("previewExpression", facts.display),
        text_node("mapTip", _tip(facts)),
    ]  # fmt: skip


def _setup(kind: str, config: Mapping[str, Value]) -> ET.Element:
    return node("editWidget", {"type": kind}, node("config", {}, options(config)))


def _widget(column: Column, *, editable: bool, lang: str) -> tuple[str, Mapping[str, Value]]:
    if column.terms is not None:
        pairs: list[Value] = [{term.label(lang): term.value} for term in column.terms]
        if column.nullable:
            pairs.insert(0, {say("qgis.null", lang): _NULL})
        return "ValueMap", {"map": pairs}
    if column.name in _OPEN_LISTS:
        known: list[Value] = [{words.say(lang): code} for code, words in _OPEN_LISTS[column.name]]
        return "ValueMap", {"map": known}
    if column.type == "bool":
        return "CheckBox", {
            "AllowNullState": column.nullable, "CheckedState": "", "UncheckedState": "",
            "TextDisplayMethod": 0,
        }  # fmt: skip
    if column.type == "date":
        return "DateTime", {
            "allow_null": column.nullable, "calendar_popup": True, "field_iso_format": False,
            "display_format": "dd/MM/yyyy" if lang == "fr" else "yyyy-MM-dd",
            "field_format": "yyyy-MM-dd",
        }  # fmt: skip
    if column.type == "int" and editable:
        return "Range", {
            "AllowNull": column.nullable, "Min": int(column.minimum or 0), "Max": 2_147_483_647,
            "Precision": 0, "Step": 1, "Style": "SpinBox",
        }  # fmt: skip
    return "TextEdit", {"IsMultiline": column.name in _LONG, "UseHtml": False}


def _reference(link: Link, column: Column) -> Mapping[str, Value]:
    return {
        "Relation": link.name, "AllowNULL": column.nullable, "AllowAddFeatures": False,
        "ChainFilters": False, "MapIdentification": True, "OrderByValue": True,
        "ReadOnly": False, "ShowForm": False, "ShowOpenFormButton": True,
        "ReferencedLayerId": link.target_layer, "ReferencedLayerName": link.target_title,
        "ReferencedLayerDataSource": link.target_source, "ReferencedLayerProviderKey": "ogr",
    }  # fmt: skip


def _constraints(
    facts: LayerFacts,
    fields: Iterable[str],
    columns: Mapping[str, Column],
    editable: Sequence[str],
) -> list[ET.Element]:
    """Say at the moment of typing what the contract would refuse when the file comes back."""
    key = contract(facts.name).key
    flags, expressions = node("constraints"), node("constraintExpressions")
    for name in fields:
        column = columns.get(name)
        required = unique = False
        rule, words = "", ""
        if column is not None and name in editable:
            required, unique = not column.nullable, key == (name,)
            rule, words = _rule(column, facts.lang)
        held = _NOT_NULL * required + _UNIQUE * unique + _EXPRESSION * bool(rule)
        flags.append(
            node(
                "constraint",
                {
                    "field": name,
                    "constraints": held,
                    "notnull_strength": _HARD if required else _NONE,
                    "unique_strength": _HARD if unique else _NONE,
                    "exp_strength": _SOFT if rule else _NONE,
                },
            )
        )  # fmt: skip
        expressions.append(node("constraint", {"field": name, "exp": rule, "desc": words}))
    return [flags, expressions]


def _rule(column: Column, lang: str) -> tuple[str, str]:
    """Return what a value must satisfy as an expression, and in words."""
    if column.pattern is not None:
        pattern = column.pattern.replace("\\", "\\\\").replace("'", "''")
        rule = f"regexp_match(\"{column.name}\", '^(?:{pattern})$')"
        words = say("qgis.must_look_like", lang, example=column.example)
    elif column.type == "int" and column.minimum is not None:
        rule = f'"{column.name}" >= {int(column.minimum)}'
        words = say("qgis.must_reach", lang, minimum=int(column.minimum))
    else:
        return "", ""
    return (f'"{column.name}" IS NULL OR {rule}' if column.nullable else rule), words


def _tabs(
    facts: LayerFacts, fields: Sequence[str], editable: Sequence[str], shown: Sequence[Link]
) -> ET.Element:
    own = contract(facts.name).column_names
    tabs = (
        ("qgis.tab_edit", [name for name in fields if name in editable]),
        ("qgis.tab_read", [name for name in fields if name in own and name not in editable]),
        ("qgis.tab_computed", [n for n in fields if n not in own and n != _FID]),
    )
    root = node("attributeEditorForm")
    for title, names in tabs:
        if names:
            places = [
                node("attributeEditorField", {"name": n, "index": fields.index(n), "showLabel": 1})
                for n in names
            ]
            root.append(_tab(say(title, facts.lang), places))
    if shown:
        tables = [
            node(
                "attributeEditorRelation",
                {
                    "name": link.name, "relation": link.name, "label": link.title, "showLabel": 1,
                    "forceSuppressFormPopup": 0, "nmRelationId": "", "relationWidgetTypeId": "",
                },
                node("editor_configuration", {}, option("", {"buttons": "NoButton"})),
            )
            for link in shown
        ]  # fmt: skip
        root.append(_tab(say("qgis.tab_links", facts.lang), tables))
    return root


def _tab(title: str, places: Iterable[ET.Element]) -> ET.Element:
    head = {
        "name": title, "groupBox": 0, "showLabel": 1, "columnCount": 1,
        "visibilityExpressionEnabled": 0, "visibilityExpression": "",
    }  # fmt: skip
    return node("attributeEditorContainer", head, *places)


def _tip(facts: LayerFacts) -> str:
    """Return what the map says under the pointer: the name, then the coded fields in words."""
    if facts.kind is None:
        return ""
    lines = [f"<b>[% {facts.display} %]</b>"]
    names = aliases_of(facts.columns, facts.lang)
    lines += [
        f'{names[column.name]} : [% represent_value("{column.name}") %]'
        for column in facts.columns
        if column.terms is not None or column.name in _OPEN_LISTS
    ]
    return "<br>".join(lines)
