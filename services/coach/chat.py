"""A conversation's next answer: from the model where there is one, checked as it streams, else from the rules."""

import asyncio
from collections.abc import AsyncIterator, Coroutine, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from uuid_utils.compat import uuid7

from services.coach.facts.claims import Claim, evidence
from services.coach.facts.log import TrainingLog
from services.coach.lasting import lasting_facts
from services.coach.logs import Logs
from services.coach.model.checker import Checker
from services.coach.model.gate import Gate, Turned
from services.coach.model.prompts import HISTORY, INSTRUCTIONS, chat_prompt, day_and_week, facts_for, new_secret
from services.coach.model.provider import Model, ModelUnavailable, Usage
from services.coach.model.sentences import Reading
from services.coach.rules.answers import Answer
from services.coach.rules.free import reply
from services.coach.safety import ANSWERS, Concern, cleaned, concern
from services.coach.store.conversations import Before, Conversations, Earlier, Message
from services.coach.store.facts import LastingFacts
from services.coach.store.model_jobs import ModelJob, ModelJobs
from shared.errors import InvalidRequest
from shared.telemetry import log as logger
from shared.values import utc_now

RULES = "rules"


@dataclass
class Turn:
    """One question with its answer as far as it has come."""

    account: UUID
    conversation_id: UUID
    question: str
    log: TrainingLog
    now: datetime
    before: Before
    source: str = RULES
    notice: str | None = None
    text: str = ""
    claims: list[Claim] = field(default_factory=list)

    def take(self, piece: str) -> str:
        self.text += piece
        return piece

    def evidence(self) -> list[dict[str, Any]]:
        return evidence(self.claims, self.log)


@dataclass
class Chat:
    """What a chat needs."""

    logs: Logs
    conversations: Conversations
    facts: LastingFacts
    gate: Gate
    jobs: ModelJobs
    _ending: set["asyncio.Task[None]"] = field(default_factory=set)

    async def begin(self, account: UUID, said: str, conversation_id: UUID | None) -> Turn:
        """Takes the user's message into a conversation, a new one where none is named.

        Raises:
            NotFound: for a conversation that the user does not have.
            InvalidRequest: for a message without any visible character.
        """
        question, now = cleaned(said), utc_now()
        if not question:
            raise InvalidRequest("message: must not be empty", field="message")
        message = Message(uuid7(), "user", question, [], None, now)
        # A log that has to be folded first, and the store, are waited for together.
        before, log = await asyncio.gather(self._kept(account, message, conversation_id), self.logs.of(account))
        for found in lasting_facts(question) if concern(question) in (None, Concern.PAIN) else ():
            await self.facts.remember(account, uuid7(), found.kind, found.text, now)
        return Turn(account, before.conversation_id, question, log, now, before)

    async def _kept(self, account: UUID, message: Message, conversation_id: UUID | None) -> Before:
        if conversation_id is None:
            return await self.conversations.begin(account, uuid7(), cleaned(message.text, 80), message)
        return await self.conversations.go_on(account, conversation_id, message, 4 * HISTORY)

    async def answer(self, turn: Turn) -> AsyncIterator[str]:
        """The answer in pieces; then the turn holds it whole. It is kept also where it is cut short."""
        try:
            async for piece in self._pieces(turn):
                yield turn.take(piece)
        finally:
            await self._surely(self._finish(turn))

    async def _surely(self, ending: Coroutine[Any, Any, None]) -> None:
        """Lets it end also where the listener has gone and everything else is cancelled."""
        task = asyncio.create_task(ending)
        self._ending.add(task)
        task.add_done_callback(self._ending.discard)
        await asyncio.shield(task)

    async def _pieces(self, turn: Turn) -> AsyncIterator[str]:
        if worry := concern(turn.question):
            turn.notice = f"fixed answer: {worry.value}"
            yield ANSWERS[worry]
            return
        match await self.gate.admit(turn.account, "chat", turn.now):
            case Turned(reason):
                for piece in self._by_rules(turn, reason):
                    yield piece
            case model:
                async for piece in self._by_model(turn, model):
                    yield piece

    def _by_rules(self, turn: Turn, reason: str) -> list[str]:
        """The rules' answer, word by word, with the reason why it is theirs."""
        answer: Answer = reply(turn.question, turn.log, turn.now)
        turn.source, turn.notice = RULES, reason
        turn.claims += answer.claims
        said = f"{answer.text} (Answered by fixed rules: {reason}.)"
        return [f"{word} " for word in said.split(" ")[:-1]] + [said.split(" ")[-1]]

    async def _by_model(self, turn: Turn, model: Model) -> AsyncIterator[str]:
        known = await self.facts.of(turn.account)
        secret, usage, facts = new_secret(), Usage(), facts_for(turn.log, turn.now)
        checker = Checker(facts, turn.log, secret, INSTRUCTIONS)
        before, today = turn.before, day_and_week(turn.log, turn.now)
        prompt = chat_prompt(facts, known, before.summary, before.messages, turn.question, secret, today)
        turn.source = model.name
        try:
            async for said in model.stream(prompt, Reading(checker), usage):
                yield said
        except ModelUnavailable as error:
            if turn.text:
                yield f"{'' if turn.text.endswith(' ') else ' '}… The answer broke off there. From your log: "
            for piece in self._by_rules(turn, str(error)):
                yield piece
        finally:
            turn.claims += [made for made in checker.cited if made not in turn.claims]
            await self._surely(self.gate.spent(turn.account, usage, turn.now))
        if not turn.text.strip():
            for piece in self._by_rules(turn, "the language model said nothing"):
                yield piece

    async def _finish(self, turn: Turn) -> None:
        if not turn.text:
            logger().info("answer_cut_short", conversation_id=str(turn.conversation_id))
            return
        said = Message(uuid7(), "assistant", turn.text, turn.evidence(), turn.source, utc_now())
        await self.conversations.add(turn.account, turn.conversation_id, said)
        if len(turn.before.messages) > HISTORY:
            await self._summarise(turn)

    async def _summarise(self, turn: Turn) -> None:
        """By rules at once; what has become long is left to the model as a job."""
        earlier = await self.conversations.earlier(turn.account, turn.conversation_id, HISTORY)
        await self.conversations.summarise(turn.account, turn.conversation_id, summary_of(earlier))
        if self.gate.model and len(earlier) >= HISTORY:
            subject, inputs = str(turn.conversation_id), str(earlier[-1].position)
            await self.jobs.ask(ModelJob(turn.account, "summary", subject, inputs))


def summary_of(messages: Sequence[Earlier]) -> str:
    """What the user asked before the last messages, in the user's own words, shortened."""
    if not messages:
        return ""
    asked = [cleaned(message.text, 120).replace("\n", " ") for message in messages if message.role == "user"]
    return cleaned("The user asked earlier: " + " | ".join(asked[-20:]), 2_000)
