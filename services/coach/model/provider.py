"""Any server that speaks OpenAI's chat completions."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

import httpx2
from openai import AsyncOpenAI, BadRequestError, OpenAIError
from pydantic import BaseModel
from pydantic_core import to_json

from services.coach.model.breaker import Breaker
from services.coach.settings import Settings
from shared.telemetry import log

Prompt = Sequence[dict[str, str]]
Shape = TypeVar("Shape", bound=BaseModel)
# A validation error is a ValueError; AttributeError and LookupError are answers of another build than the protocol's.
FAULTS: tuple[type[Exception], ...] = (
    OpenAIError,
    httpx2.HTTPError,
    TimeoutError,
    OSError,
    ValueError,
    LookupError,
    AttributeError,
    TypeError,
)
CHAT_TOKENS = 800
GENERATION_TOKENS = 2_000
CHARACTERS_A_TOKEN = 4
# A server that does not keep to the tokens it was given, or never ends, is not followed further.
MOST_CHARACTERS = 2 * CHAT_TOKENS * CHARACTERS_A_TOKEN
TIMEOUTS_AN_ANSWER = 6


class ModelUnavailable(Exception):
    """The model gives no answer, or none that can be used; the rules do."""


@dataclass
class Usage:
    """Tokens, as the server counts them, else estimated from the length of the texts."""

    input_tokens: int = 0
    output_tokens: int = 0


class Reader(Protocol):
    """Reads an answer of a shape while it is being written; a ValueError says that it is none."""

    @property
    def shape(self) -> type[BaseModel]: ...
    def feed(self, piece: str) -> str: ...
    def finish(self) -> str: ...


class Model:
    """A provider with its breaker. One for each process."""

    def __init__(self, client: AsyncOpenAI, name: str, timeout_s: float, breaker: Breaker) -> None:
        self.name = name
        self._client = client
        self._timeout_s = timeout_s
        self._breaker = breaker
        self._knows_structure = True

    async def stream(self, prompt: Prompt, reader: Reader, usage: Usage) -> AsyncIterator[str]:
        """The answer in pieces, as it is read. `usage` is filled in on the way.

        Raises:
            ModelUnavailable: before the first piece or in the midst of them.
        """
        self._admit()
        usage.input_tokens = sum(len(message["content"]) for message in prompt) // CHARACTERS_A_TOKEN
        try:
            async for text in self._pieces(prompt, reader.shape, usage):
                if said := reader.feed(text):
                    yield said
            if said := reader.finish():
                yield said
        except FAULTS as error:
            raise self._failed(error) from error
        self._breaker.succeeded()

    async def _pieces(self, prompt: Prompt, shape: type[BaseModel], usage: Usage) -> AsyncIterator[str]:
        """Each piece within the time limit, all of them within six. A stream that just ends was cut off."""
        end = time.monotonic() + TIMEOUTS_AN_ANSWER * self._timeout_s
        async with asyncio.timeout(self._timeout_s):
            options = {"max_tokens": CHAT_TOKENS, "stream": True, "stream_options": {"include_usage": True}}
            stream = await self._asked(prompt, shape, strict=True, **options)
        length, finished = 0, False
        async with stream:
            while (chunk := await self._next(stream, end)) is not None:
                if chunk.usage:
                    usage.input_tokens, usage.output_tokens = chunk.usage.prompt_tokens, chunk.usage.completion_tokens
                for choice in chunk.choices[:1]:
                    finished |= choice.finish_reason is not None
                    if text := choice.delta.content:
                        length += len(text)
                        if length > MOST_CHARACTERS:
                            raise ValueError("the answer does not end")
                        usage.output_tokens = max(usage.output_tokens, length // CHARACTERS_A_TOKEN)
                        yield text
        if not finished:
            raise ValueError("the stream ended in the midst of the answer")

    async def _asked(self, prompt: Prompt, shape: type[BaseModel], *, strict: bool = False, **options: Any) -> Any:
        """The server's answer. One that refuses to be given a shape is told of it in words from then on."""
        completions: Any = self._client.chat.completions
        if self._knows_structure:
            told = _format_of(shape, strict=strict)
            try:
                return await completions.create(model=self.name, messages=prompt, response_format=told, **options)
            except BadRequestError as error:
                log().warning("structure_refused", model=self.name, error=str(error))
        answer = await completions.create(model=self.name, messages=_in_words(prompt, shape), **options)
        self._knows_structure = False
        return answer

    async def _next(self, stream: Any, end: float) -> Any:
        left = end - time.monotonic()
        if left <= 0:
            raise TimeoutError
        async with asyncio.timeout(min(left, self._timeout_s)):
            return await anext(stream, None)

    async def complete(self, prompt: Prompt, shape: type[Shape], usage: Usage, *, waited_for: bool = False) -> Shape:
        """A structured answer, within the time limit where somebody waits for it, else within three of them.

        Raises:
            ModelUnavailable: also for an answer of another shape.
        """
        self._admit()
        try:
            async with asyncio.timeout(self._timeout_s * (1 if waited_for else 3)):
                answer = await self._asked(prompt, shape, max_tokens=GENERATION_TOKENS)
            _count(answer, prompt, usage)
            made = shape.model_validate_json(_object_in(answer.choices[0].message.content or ""))
        except FAULTS as error:
            raise self._failed(error) from error
        self._breaker.succeeded()
        return made

    def _admit(self) -> None:
        if not self._breaker.admits(time.monotonic()):
            raise ModelUnavailable("the language model has not answered lately")

    def _failed(self, error: Exception) -> ModelUnavailable:
        # A server that does not take a request is there, and may take the next one.
        if not isinstance(error, BadRequestError):
            self._breaker.failed(time.monotonic())
        log().warning("model_failed", model=self.name, error=type(error).__name__)
        return ModelUnavailable("the language model did not answer")

    async def close(self) -> None:
        await self._client.close()


def _format_of(shape: type[BaseModel], *, strict: bool = False) -> dict[str, Any]:
    """A strict server writes the keys in their order; it takes shapes without bounds and further keys only."""
    schema = {"name": shape.__name__, "schema": shape.model_json_schema(), "strict": strict}
    return {"type": "json_schema", "json_schema": schema}


def _in_words(prompt: Prompt, shape: type[BaseModel]) -> Prompt:
    first, *others = prompt
    asked = f"{first['content']}\nAnswer with JSON of this schema alone: {to_json(shape.model_json_schema()).decode()}"
    return [{**first, "content": asked}, *others]


def _object_in(text: str) -> str:
    """Models wrap their JSON in a fence or in words now and then."""
    return text[text.find("{") : text.rfind("}") + 1]


def _count(answer: Any, prompt: Prompt, usage: Usage) -> None:
    if answer.usage:
        usage.input_tokens, usage.output_tokens = answer.usage.prompt_tokens, answer.usage.completion_tokens
    else:
        usage.input_tokens = sum(len(message["content"]) for message in prompt) // CHARACTERS_A_TOKEN
        usage.output_tokens = len(answer.choices[0].message.content or "") // CHARACTERS_A_TOKEN


def create_model(settings: Settings) -> Model | None:
    """The model of the settings; None without a key. Local servers take any key."""
    if settings.coach_openai_api_key is None or not settings.coach_openai_api_key.get_secret_value():
        return None
    client = AsyncOpenAI(
        api_key=settings.coach_openai_api_key.get_secret_value(),
        base_url=settings.coach_openai_base_url,
        timeout=settings.coach_model_timeout_s,
        max_retries=settings.coach_model_retries,
    )
    breaker = Breaker(settings.coach_breaker_failures, settings.coach_breaker_open_s)
    return Model(client, settings.coach_model, settings.coach_model_timeout_s, breaker)
