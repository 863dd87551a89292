"""Whether the model may be asked now: it is set up, and the user's budget is not spent."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from prometheus_client import Counter

from services.coach.model.provider import Model, ModelUnavailable, Prompt, Shape, Usage
from services.coach.store.spending import Claimed, Request, Spending

TOKENS = Counter("coach_model_tokens_total", "Tokens spent on the language model", ["direction"])
TURNED_AWAY = Counter("coach_model_turned_away_total", "Requests that the rules answered instead", ["reason"])

DAY_IS_SPENT = "today's budget for the language model is spent"
MINUTE_IS_FULL = "this minute's budget for the language model is spent"


@dataclass(frozen=True, slots=True)
class Budget:
    """Requests a user and minute, tokens a user and day."""

    chat_per_minute: int
    generations_per_minute: int
    tokens_per_day: int

    def per_minute(self, kind: Request) -> int:
        return self.chat_per_minute if kind == "chat" else self.generations_per_minute


@dataclass(frozen=True, slots=True)
class Turned:
    """Not now, and why, in words for the user."""

    reason: str


@dataclass
class Gate:
    model: Model | None
    spending: Spending
    budget: Budget

    @property
    def name(self) -> str:
        """Whose answers these are."""
        return self.model.name if self.model else "rules"

    async def admit(self, account: UUID, kind: Request, now: datetime) -> "Model | Turned":
        """The model, with this request counted, or why not."""
        if self.model is None:
            return self._turned("no language model is set up")
        budget = self.budget
        match await self.spending.claim(account, kind, budget.per_minute(kind), budget.tokens_per_day, now):
            case Claimed.YES:
                return self.model
            case Claimed.DAY_IS_SPENT:
                return self._turned(DAY_IS_SPENT)
            case Claimed.MINUTE_IS_FULL:
                return self._turned(MINUTE_IS_FULL)

    async def generate(self, account: UUID, prompt: Prompt, shape: type[Shape], now: datetime) -> "Shape | Turned":
        """A structured proposal of the model for somebody who waits, or why there is none."""
        match await self.admit(account, "generation", now):
            case Turned() as turned:
                return turned
            case model:
                usage = Usage()
                try:
                    return await model.complete(prompt, shape, usage, waited_for=True)
                except ModelUnavailable as error:
                    return Turned(str(error))
                finally:
                    await self.spent(account, usage, now)

    async def spent(self, account: UUID, usage: Usage, now: datetime) -> None:
        """Adds what a request has cost."""
        TOKENS.labels("input").inc(usage.input_tokens)
        TOKENS.labels("output").inc(usage.output_tokens)
        if usage.input_tokens or usage.output_tokens:
            await self.spending.add_tokens(account, usage.input_tokens, usage.output_tokens, now)

    def _turned(self, reason: str) -> Turned:
        TURNED_AWAY.labels(reason).inc()
        return Turned(reason)
