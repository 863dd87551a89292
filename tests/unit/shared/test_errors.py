"""Problem documents: what a caller reads of an error."""

from typing import Annotated

import httpx2
import pytest
from fastapi import Body, FastAPI
from pydantic import AfterValidator

from shared.errors import install_problem_documents
from shared.telemetry import CORRELATION_HEADER, CorrelationMiddleware


def polite(word: str) -> str:
    if word != "please":
        raise ValueError("must be polite")
    return word


async def ask(word: Annotated[str, AfterValidator(polite), Body(embed=True)]) -> str:
    return word


@pytest.mark.parametrize(
    ("body", "detail"),
    [({"word": "now"}, "word: must be polite"), ({}, "word: Field required")],
)
async def test_an_invalid_request_is_told_in_plain_words(body: dict[str, str], detail: str) -> None:
    app = FastAPI()
    install_problem_documents(app)
    app.add_api_route("/", ask, methods=["POST"])

    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://service") as http:
        answer = await http.post("/", json=body)

    assert (answer.status_code, answer.json()["detail"]) == (422, detail)


async def fail() -> str:
    raise RuntimeError


async def test_an_answer_to_what_nobody_foresaw_bears_the_headers_of_every_other() -> None:
    app = FastAPI()
    install_problem_documents(app)
    app.add_middleware(CorrelationMiddleware)
    app.add_api_route("/", fail)

    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://service") as http:
        answer = await http.get("/", headers={CORRELATION_HEADER: "my-id"})

    assert (answer.status_code, answer.json()["code"]) == (500, "internal_error")
    assert (answer.headers[CORRELATION_HEADER], answer.json()["correlation_id"]) == ("my-id", "my-id")
