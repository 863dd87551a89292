"""What reads answer, as the published description has it: made of the row types, and never looked at at run time."""

from typing import Any, TypeAlias

from shared.schemas import schema_of

Schema: TypeAlias = dict[str, Any]
Responses: TypeAlias = dict[int | str, dict[str, Any]]

DEGRADED: Schema = {"type": "boolean", "description": "Whether an event about it could not be applied yet."}
_CURSOR: Schema = {"type": ["string", "null"], "description": "Where the next page begins; null at the end."}


def shape(kind: Any, **more: Schema) -> Schema:
    """The JSON Schema of a row or an answer, with all of its fields, and of fields that are added to it."""
    made = schema_of(kind)
    found: Schema = _inlined(made, made.pop("$defs", {}))
    properties = {**found["properties"], **more}
    return {**found, "properties": properties, "required": list(properties)}


def marked(kind: Any, **more: Schema) -> Schema:
    """The schema of a row that says whether it is degraded."""
    return shape(kind, degraded=DEGRADED, **more)


def perhaps_marked(kind: Any, **more: Schema) -> Schema:
    """The same for what is degraded, or not, only as it is today."""
    found = shape(kind, **more)
    return {**found, "properties": {**found["properties"], "degraded": DEGRADED}}


def paged(item: Schema) -> Schema:
    """The schema of one page of items."""
    properties: Schema = {"items": {"type": "array", "items": item}, "next_cursor": _CURSOR}
    return {"type": "object", "properties": properties, "required": list(properties)}


def reads(schema: Schema) -> Responses:
    """The responses of a read: its body, or that the caller has it already."""
    return {**answers(schema), 304: {"description": "What the caller holds is what it would get."}}


def answers(schema: Schema, status: int = 200) -> Responses:
    """The response of a request that is never unchanged."""
    return {status: {"description": "Successful Response", "content": {"application/json": {"schema": schema}}}}


def _inlined(value: Any, definitions: Schema) -> Any:
    """The schema without references: one document may hold several of the same name."""
    match value:
        case {"$ref": str(name), **beside}:
            return {**_inlined(definitions[name.removeprefix("#/$defs/")], definitions), **beside}
        case dict():
            return {name: _inlined(item, definitions) for name, item in value.items()}
        case list():
            return [_inlined(item, definitions) for item in value]
        case _:
            return value
