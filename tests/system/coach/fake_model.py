"""A small server that speaks OpenAI's chat completions and behaves as a test tells it."""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, Response, StreamingResponse


@dataclass
class FakeModel:
    """`pieces` is what it answers: in a stream that asks for structure, the text of one sentence of it.

    `behaviour` is one of answer, error, stall, garbage, cut (breaks off after half of the pieces), slow (a piece every
    tenth of a second), obey (says what the user says it should, and its whole prompt), raw (streams the pieces as they
    are, whatever was asked for), obey raw, refuse (knows no `response_format`, and answers raw without one), and reject
    (takes no request at all)."""

    behaviour: str = "answer"
    pieces: list[str] = field(default_factory=lambda: ["Good ", "work."])
    calls: list[dict[str, Any]] = field(default_factory=list)

    def app(self) -> FastAPI:
        app = FastAPI()
        app.post("/v1/chat/completions")(self.complete)
        return app

    async def complete(self, request: Request) -> Response:
        body = await request.json()
        self.calls.append(body)
        match self.behaviour:
            case "error":
                return JSONResponse({"error": {"message": "out of order"}}, 500)
            case "garbage":
                return Response("<html>no json here</html>", media_type="application/json")
            case "stall":
                for _ in range(300):
                    if not await request.is_disconnected():
                        await asyncio.sleep(0.1)
            case "refuse" if "response_format" in body:
                return JSONResponse({"error": {"message": "response_format: unknown field"}}, 400)
            case "reject":
                return JSONResponse({"error": {"message": "too long"}}, 400)
            case _:
                pass
        pieces = self.obeyed(body) if self.behaviour.startswith("obey") else self.pieces
        if body.get("stream"):
            raw = "raw" in self.behaviour or "response_format" not in body
            return StreamingResponse(
                self.streamed(pieces if raw else structured(pieces)), media_type="text/event-stream"
            )
        message = {"role": "assistant", "content": "".join(pieces)}
        choice = {"index": 0, "finish_reason": "stop", "message": message}
        return JSONResponse(envelope("chat.completion", [choice], usage()))

    async def streamed(self, pieces: list[str]) -> AsyncIterator[bytes]:
        shown = pieces[: len(pieces) // 2] if self.behaviour == "cut" else pieces
        for piece in shown:
            choice = {"index": 0, "delta": {"content": piece}, "finish_reason": None}
            yield line(envelope("chat.completion.chunk", [choice]))
            await asyncio.sleep(0.1 if self.behaviour == "slow" else 0)
        if self.behaviour != "cut":
            yield line(envelope("chat.completion.chunk", [{"index": 0, "delta": {}, "finish_reason": "stop"}], usage()))
            yield b"data: [DONE]\n\n"

    @staticmethod
    def obeyed(body: dict[str, Any]) -> list[str]:
        """Everything an attacker may hope for: the prompt word by word, and the last message's wish."""
        prompt = "\n".join(message["content"] for message in body["messages"])
        return [*(f"{word} " for word in f"{body['messages'][-1]['content']} {prompt}".split(" "))]


def structured(pieces: list[str]) -> list[str]:
    """The pieces as the text of one sentence that names the facts in it."""
    facts = list(dict.fromkeys(re.findall(r"\{(f\d+)\}", "".join(pieces))))
    return [
        f'{{"sentences": [{{"facts": {json.dumps(facts)}, "text": "',
        *(json.dumps(piece)[1:-1] for piece in pieces),
        '"}]}',
    ]


def slow() -> FastAPI:
    """For a process of its own: hundreds of words, one after the other."""
    return FakeModel("slow", ["Good ", "work, "] * 200).app()


def envelope(kind: str, choices: list[dict[str, Any]], used: dict[str, int] | None = None) -> dict[str, Any]:
    return {"id": "x", "object": kind, "created": 1, "model": "fake", "choices": choices, "usage": used}


def usage() -> dict[str, int]:
    return {"prompt_tokens": 100, "completion_tokens": 10, "total_tokens": 110}


def line(value: dict[str, Any]) -> bytes:
    return b"data: " + json.dumps(value).encode() + b"\n\n"
