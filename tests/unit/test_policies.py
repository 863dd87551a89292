"""Every route of every service declares exactly one policy, and turns away whoever it is not for."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx2
import pytest
from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import RouteContext, iter_route_contexts

from services.auth import app as auth
from services.auth.settings import Settings as AuthSettings
from services.coach import app as coach
from services.coach.settings import Settings as CoachSettings
from services.ingest import app as ingest
from services.ingest.settings import Settings as IngestSettings
from services.projector import app as projector
from services.projector.settings import Settings as ProjectorSettings
from shared.policy import POLICIES, RequireRole, optional_principal, public, service_only
from shared.registry import registry

NOWHERE = "postgresql+asyncpg://nobody@127.0.0.1:9/none"
TOKEN = "a-service-token"


@pytest.fixture(scope="module")
def apps(tmp_path_factory: pytest.TempPathFactory) -> dict[str, FastAPI]:
    folder = Path(tmp_path_factory.mktemp("auth"))
    of_auth = AuthSettings(database_url_auth=NOWHERE, service_token=TOKEN, hypertrophy_data=folder)
    of_ingest = IngestSettings(database_url_ingest=NOWHERE, service_token=TOKEN)
    of_projector = ProjectorSettings(database_url_projector=NOWHERE, service_token=TOKEN)
    of_coach = CoachSettings(database_url_coach=NOWHERE, service_token=TOKEN)
    return {
        "auth": auth.create_app(of_auth),
        "auth worker": auth.create_worker(of_auth),
        "ingest": ingest.create_app(of_ingest),
        "ingest worker": ingest.create_worker(of_ingest),
        "projector": projector.create_app(of_projector),
        "projector worker": projector.create_worker(of_projector),
        "coach": coach.create_app(of_coach),
        "coach worker": coach.create_worker(of_coach),
    }


def routes(app: FastAPI) -> Iterator[RouteContext]:
    """All routes, those of included routers too, but the schema's own."""
    return (route for route in iter_route_contexts(app.routes) if route.path != "/openapi.json")


def policies(dependant: Dependant) -> set[object]:
    """The policies that a route declares itself; what a policy stands on is its own business."""
    found: set[object] = set()
    for needed in dependant.dependencies:
        is_policy = needed.call in POLICIES or isinstance(needed.call, RequireRole)
        found |= {needed.call} if is_policy else policies(needed)
    return found


def test_every_route_declares_exactly_one_policy(apps: dict[str, FastAPI]) -> None:
    declared = {
        f"{name} {route.methods} {route.path}": policies(route.dependant)
        for name, app in apps.items()
        for route in routes(app)
    }
    assert len(declared) > 60
    assert {place: found for place, found in declared.items() if len(found) != 1} == {}


async def test_every_route_that_is_not_for_all_turns_away_whoever_sends_no_token(apps: dict[str, FastAPI]) -> None:
    answers: dict[str, int] = {}
    for name, app in apps.items():
        transport = httpx2.ASGITransport(app=app, raise_app_exceptions=False)
        async with httpx2.AsyncClient(transport=transport, base_url="http://service") as http:
            for route in routes(app):
                if policies(route.dependant) & {public, optional_principal}:
                    continue
                path = re.sub(r"{\w+}", str(UUID(int=7)), str(route.path))
                for method in route.methods or ():
                    answers[f"{name} {method} {path}"] = (await http.request(method, path)).status_code
    assert len(answers) > 40
    assert {place: status for place, status in answers.items() if status != 401} == {}


@pytest.mark.parametrize("token", ["another-service-token", "a-service-toke\u00f1"])
async def test_a_wrong_service_token_opens_nothing(apps: dict[str, FastAPI], token: str) -> None:
    answers: dict[str, int] = {}
    sent = [(b"Authorization", f"Bearer {token}".encode("latin-1"))]
    for name, app in apps.items():
        transport = httpx2.ASGITransport(app=app, raise_app_exceptions=False)
        async with httpx2.AsyncClient(transport=transport, base_url="http://service", headers=sent) as http:
            for route in routes(app):
                if service_only not in policies(route.dependant):
                    continue
                path = re.sub(r"{\w+}", str(UUID(int=7)), str(route.path))
                for method in route.methods or ():
                    answers[f"{name} {method} {path}"] = (await http.request(method, path)).status_code
    assert len(answers) > 20
    assert {place: status for place, status in answers.items() if status != 403} == {}


def test_every_path_for_people_is_described_and_every_internal_one_is_for_services(apps: dict[str, FastAPI]) -> None:
    for name, app in apps.items():
        described = set(app.openapi()["paths"])
        for route in routes(app):
            path = str(route.path)
            if path.startswith("/internal/"):
                assert policies(route.dependant) == {service_only}, f"{name} {path}"
            elif path.startswith("/api/") and route.methods:
                assert path in described, f"{name} {path}"


def test_nobody_can_say_who_they_are_or_what_they_may(apps: dict[str, FastAPI]) -> None:
    # A user id in a sync request is compared with the token's; it decides nothing.
    decided_here = {"user_id", "roles", "role", "is_anonymous", "email_verified", "merged_into", "also", "aka"}
    sayable: set[tuple[str, str]] = set()
    for app in apps.values():
        description = app.openapi()
        for path, operations in description["paths"].items():
            for operation in operations.values() if path.startswith("/api/") else ():
                sayable |= {(path, name) for name in members(description, operation.get("requestBody", {}))}
    assert ("/api/v1/auth/register", "email") in sayable
    assert {(path, name) for path, name in sayable if name in decided_here} == {("/api/v1/sync", "user_id")}


def test_nobody_can_name_an_address_for_the_server_to_call(apps: dict[str, FastAPI]) -> None:
    for app in apps.values():
        description = app.openapi()
        named = {
            name
            for path, operations in description["paths"].items()
            for operation in operations.values()
            for name in members(description, operation.get("requestBody", {}))
            | {parameter["name"] for parameter in operation.get("parameters", ())}
        }
        assert {name for name in named if re.search("ur[il]|link|host|callback|webhook", name.lower())} == set()
        assert '"format": "uri"' not in json.dumps(description)
    events = {name for known in registry().events.values() for name in known.model_fields}
    assert {name for name in events if re.search("ur[il]|link|host|callback|webhook", name)} == set()


def members(description: dict[str, Any], body: dict[str, Any]) -> set[str]:
    """The names that a request body may have on its first level."""
    found: set[str] = set()
    for content in body.get("content", {}).values():
        schema = content["schema"]
        for one in (schema, *schema.get("anyOf", ())):
            if reference := one.get("$ref"):
                one = description["components"]["schemas"][reference.rpartition("/")[2]]
            found |= set(one.get("properties", ()))
    return found


def test_the_published_description_says_how_to_call_and_what_errors_look_like(apps: dict[str, FastAPI]) -> None:
    for app in apps.values():
        needing = {
            (route.path, method.lower())
            for route in routes(app)
            if route.methods and not policies(route.dependant) & {public, service_only}
            for method in route.methods
        }
        for path, operations in app.openapi()["paths"].items():
            for method, operation in operations.items():
                assert ("security" in operation) == ((path, method) in needing), (method, path)
                assert "application/problem+json" in operation["responses"]["default"]["content"]
                assert "422" not in operation["responses"]
