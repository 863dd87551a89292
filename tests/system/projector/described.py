"""Whether answers are as the published description says."""

import re
from collections.abc import Mapping
from typing import Any

import httpx2
from fastapi import FastAPI
from jsonschema import Draft202012Validator

Schema = Any


class Described:
    """Holds every answer of an app against its own description; of equal ones the first."""

    def __init__(self, app: FastAPI) -> None:
        self._operations: list[tuple[str, re.Pattern[str], Mapping[str, Any]]] = [
            (method.upper(), _pattern(path), operation["responses"])
            for path, methods in app.openapi()["paths"].items()
            for method, operation in methods.items()
        ]
        self._validators: dict[int, Draft202012Validator] = {}
        self._seen: set[tuple[str, bytes]] = set()

    async def check(self, answer: httpx2.Response) -> None:
        """Fails where a successful answer is not described, or otherwise."""
        path, content = answer.request.url.path, await answer.aread()
        if answer.is_success and path.startswith("/api/v1/") and (path, content) not in self._seen:
            self._seen.add((path, content))
            self._validator(answer.request.method, path, str(answer.status_code)).validate(answer.json())

    def _validator(self, method: str, path: str, status: str) -> Draft202012Validator:
        responses = next(found for name, shape, found in self._operations if name == method and shape.fullmatch(path))
        schema = responses[status]["content"]["application/json"]["schema"]
        if id(schema) not in self._validators:
            checker = Draft202012Validator.FORMAT_CHECKER
            self._validators[id(schema)] = Draft202012Validator(closed(schema), format_checker=checker)
        return self._validators[id(schema)]


def _pattern(path: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"{\w+}", "[^/]+", path))


def closed(schema: Schema) -> Schema:
    """The schema without room for fields that it does not name."""
    match schema:
        case dict():
            inner = {name: closed(item) for name, item in schema.items()}
            return {"additionalProperties": False, **inner} if isinstance(schema.get("properties"), dict) else inner
        case list():
            return [closed(item) for item in schema]
        case _:
            return schema
