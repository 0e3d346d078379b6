"""What is wrong in a scenario, in the reader's language, with the key that was meant."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, Final, Self, get_args

from pydantic import BaseModel, ValidationError

from planner.texts import Message

__all__ = ["Mistakes"]

_MISTAKES: Final = {
    "missing": "missing",
    "int_parsing": "whole",
    "int_type": "whole",
    "int_from_float": "whole",
    "float_parsing": "number",
    "float_type": "number",
    "bool_parsing": "yes_no",
    "bool_type": "yes_no",
    "string_type": "text",
    "literal_error": "choice",
    "enum": "choice",
    "greater_than_equal": "at_least",
    "greater_than": "more_than",
    "less_than_equal": "at_most",
    "less_than": "less_than",
    "value_error": "form",
    "model_type": "table",
    "dict_type": "table",
    "tuple_type": "list",
    "list_type": "list",
}


@dataclass(frozen=True)
class Mistakes:
    """What is wrong, a line each, in the reader's language."""

    messages: tuple[Message, ...]

    @classmethod
    def of(cls, whole: type[BaseModel], error: ValidationError) -> Self:
        """Put the errors of a question in words; ``whole`` knows every key."""
        return cls(tuple(_mistake(whole, item) for item in error.errors()))

    def say(self, lang: str = "fr", /) -> str:
        """Return the lines."""
        return "\n".join(f"  {message.say(lang)}" for message in self.messages)


def _mistake(whole: type[BaseModel], item: Any) -> Message:  # noqa: ANN401 (pydantic's own)
    """Put one of pydantic's errors in words of the catalogue; a rare kind keeps its own."""
    key = ".".join(str(part) for part in item["loc"])
    context = item.get("ctx") or {}
    if item["type"] == "extra_forbidden":
        near = get_close_matches(str(item["loc"][-1]), _keys(whole, item["loc"][:-1]), n=1)
        if near:
            return Message.of("scenario.unknown_near", key=key, near=near[0])
        return Message.of("scenario.unknown", key=key)
    kind = _MISTAKES.get(item["type"], "date" if item["type"].startswith("date") else "other")
    limit = next(
        (
            context[name]
            for name in ("ge", "gt", "le", "lt", "expected", "error")
            if name in context
        ),
        "",
    )
    choices = str(limit).replace(" or ", ", ")  # pydantic's English
    given = item.get("input")
    shown = "…" if isinstance(given, dict | list) else repr(given)
    return Message.of(f"scenario.{kind}", key=key, given=shown, limit=choices, reason=item["msg"])


def _keys(whole: type[BaseModel], place: tuple[Any, ...]) -> list[str]:
    """Return the keys that a table of the scenario may hold."""
    model: Any = whole
    for part in place:
        if part not in model.model_fields:  # a place in a list, or a name that the reader chose
            continue
        kinds = [model.model_fields[part].annotation]
        while kinds and not (isinstance(kinds[0], type) and issubclass(kinds[0], BaseModel)):
            kinds = [*kinds[1:], *get_args(kinds[0])]
        if not kinds:
            return []
        model = kinds[0]
    return list(model.model_fields)
