"""One document out of several: nothing of a service's own meaning changes."""

from typing import Any

from fastapi import FastAPI
from pydantic import BaseModel, create_model

from deploy.local.openapi import merged_openapi


class Shared(BaseModel):
    value: int


def document(path: str, *models: type[BaseModel]) -> dict[str, Any]:
    app = FastAPI()
    for number, model in enumerate(models):
        app.add_api_route(f"{path}/{number}", lambda: None, methods=["GET"], response_model=model)
    return app.openapi()


def schema_of(merged: dict[str, Any], path: str) -> dict[str, Any]:
    answer = merged["paths"][path]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
    found: dict[str, Any] = merged["components"]["schemas"][answer["$ref"].rpartition("/")[2]]
    return found


def test_equal_names_for_different_things_are_kept_apart() -> None:
    one, other = create_model("Thing", weight=(int, ...)), create_model("Thing", name=(str, ...))

    merged = merged_openapi({"auth": document("/a", one), "coach": document("/b", other)})

    assert list(schema_of(merged, "/a/0")["properties"]) == ["weight"]
    assert list(schema_of(merged, "/b/0")["properties"]) == ["name"]


def test_what_is_equal_is_shared() -> None:
    merged = merged_openapi({"auth": document("/a", Shared), "coach": document("/b", Shared)})

    assert list(merged["components"]["schemas"]) == ["Shared"]


def test_operations_are_tagged_by_service_and_have_names_of_their_own() -> None:
    merged = merged_openapi({"auth": document("/a", Shared), "coach": document("/b", Shared, Shared)})
    operations = [item["get"] for item in merged["paths"].values()]

    assert [operation["tags"] for operation in operations] == [["auth"], ["coach"], ["coach"]]
    assert len({operation["operationId"] for operation in operations}) == 3


def test_internal_paths_are_left_out() -> None:
    merged = merged_openapi({"ingest": document("/internal/heads", Shared)})

    assert merged["paths"] == {}
