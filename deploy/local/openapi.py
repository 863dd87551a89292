"""One OpenAPI document out of the services' own."""

import json
from collections.abc import Mapping
from typing import Any

Document = dict[str, Any]


def merged_openapi(documents: Mapping[str, Document]) -> Document:
    """All public paths, tagged by service. A component name that two services use for different things gets the
    service's name in front; what is equal is shared."""
    merged: Document = {
        "openapi": "3.1.0",
        "info": {"title": "Hypertrophy", "version": "v1", "description": "All services behind one origin."},
        "tags": [{"name": service} for service in documents],
        "paths": {},
        "components": {},
    }
    for service, document in documents.items():
        renamed = _rename(document, _new_names(service, document, merged["components"]))
        for kind, components in renamed.get("components", {}).items():
            merged["components"].setdefault(kind, {}).update(components)
        merged["paths"].update(_public_paths(service, renamed))
    return merged


def _new_names(service: str, document: Document, taken: Document) -> dict[str, str]:
    """New reference by old one, for each component whose name means something else already."""
    return {
        f"#/components/{kind}/{name}": f"#/components/{kind}/{service.capitalize()}{name}"
        for kind, components in document.get("components", {}).items()
        for name, component in components.items()
        if taken.get(kind, {}).get(name, component) != component
    }


def _rename(document: Document, names: Mapping[str, str]) -> Document:
    text = json.dumps(document)
    for old, new in names.items():
        text = text.replace(json.dumps(old), json.dumps(new))
    renamed: Document = json.loads(text)
    for old, new in names.items():
        _, _, kind, name = old.split("/")
        components = renamed["components"][kind]
        components[new.rpartition("/")[2]] = components.pop(name)
    return renamed


def _public_paths(service: str, document: Document) -> Document:
    public = {path: item for path, item in document.get("paths", {}).items() if not path.startswith("/internal")}
    return {path: {key: _tagged(service, part) for key, part in item.items()} for path, item in public.items()}


def _tagged(service: str, operation: Any) -> Any:
    if not isinstance(operation, dict) or "responses" not in operation:
        return operation
    identity = f"{service}_{operation['operationId']}" if "operationId" in operation else None
    return {**operation, "tags": [service], **({"operationId": identity} if identity else {})}
