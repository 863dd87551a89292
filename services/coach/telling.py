"""Does the language model's jobs, one after the other: openings of reports, notes of long conversations.

What the model says is kept as far as the log confirms it; where nothing is left of it the rules' text stays, and says
why. A job is tried a few times, waits for the user's budget, and changes nothing when it is done twice.
"""

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from services.coach.facts.log import TrainingLog
from services.coach.logs import Logs
from services.coach.model.gate import Gate, Turned
from services.coach.model.prompts import new_secret
from services.coach.model.prose import REPORT, SUMMARY, Confirmed, Prose, confirmed, report_prompt, summary_prompt
from services.coach.model.provider import Model, ModelUnavailable, Prompt, Usage
from services.coach.reports.content import Opening, by_rules, write_report
from services.coach.reports.due import inputs_digest
from services.coach.safety import cleaned
from services.coach.store import PASSING
from services.coach.store.conversations import Conversations
from services.coach.store.model_jobs import ModelJob, ModelJobs, later
from services.coach.store.reports import Reports
from shared.telemetry import log as logger
from shared.values import utc_now

ATTEMPTS = 5
MINUTE = timedelta(minutes=1)
MOST_NOTES = 1_500
EMPTY = TrainingLog.of({})
SAID_NOTHING = "the language model said nothing that the log confirms"


@dataclass
class Telling:
    """What the jobs need."""

    jobs: ModelJobs
    logs: Logs
    reports: Reports
    conversations: Conversations
    gate: Gate

    async def for_ever(self, pause: timedelta) -> None:
        """Until cancelled."""
        while True:
            if not await self.work(utc_now()):
                await asyncio.sleep(pause.total_seconds())

    async def work(self, now: datetime) -> int:
        """Does what is due; how many jobs that were."""
        due = await self.jobs.due(now)
        for job in due:
            try:
                await self._do(job, now)
            except PASSING:
                raise
            except Exception as error:
                logger().exception("model_job_failed", kind=job.kind, user_id=str(job.user_id))
                await self._missed(job, repr(error), now)
        return len(due)

    async def _do(self, job: ModelJob, now: datetime) -> None:
        match await self.gate.admit(job.user_id, "generation", now):
            case Turned(reason):
                await self.jobs.put_off(job, reason, now + MINUTE, counts=False)
            case model:
                try:
                    await self._told(job, model, now)
                except ModelUnavailable as error:
                    await self._missed(job, str(error), now)

    async def _told(self, job: ModelJob, model: Model, now: datetime) -> None:
        match job.kind:
            case "report":
                await self._report(job, model, now)
            case "summary":
                await self._summary(job, model, now)

    async def _report(self, job: ModelJob, model: Model, now: datetime) -> None:
        log = await self.logs.of(job.user_id)
        if job.subject not in log.week_by_label or inputs_digest(log, job.subject) != job.inputs:
            await self.jobs.give_up(job, "the week has changed meanwhile")
            return
        facts, secret = write_report(log, job.subject).claims, new_secret()
        prose = await self._ask(job.user_id, model, report_prompt(facts, secret), now)
        said = confirmed(prose, facts, log, secret, REPORT)
        if not said.text:
            raise ModelUnavailable(SAID_NOTHING)
        opening = Opening(said.text, said.claims, model.name)
        await self.reports.tell(job, write_report(log, job.subject, opening).content(log))

    async def _summary(self, job: ModelJob, model: Model, now: datetime) -> None:
        told = await self.conversations.told(job.user_id, UUID(job.subject))
        earlier = await self.conversations.earlier(job.user_id, UUID(job.subject), 0)
        covered = [one for one in earlier if one.position <= int(job.inputs)]
        if told is None or not covered:
            await self.jobs.give_up(job, "the conversation is gone or told already")
            return
        secret = new_secret()
        prose = await self._ask(job.user_id, model, summary_prompt(told, covered, secret), now)
        said: Confirmed = confirmed(prose, (), EMPTY, secret, SUMMARY)
        if not said.text:
            raise ModelUnavailable(SAID_NOTHING)
        await self.conversations.tell(job, cleaned(said.text, MOST_NOTES), int(job.inputs))

    async def _ask(self, account: UUID, model: Model, prompt: Prompt, now: datetime) -> Prose:
        usage = Usage()
        try:
            return await model.complete(prompt, Prose, usage)
        finally:
            await self.gate.spent(account, usage, now)

    async def _missed(self, job: ModelJob, reason: str, now: datetime) -> None:
        if job.attempts + 1 < ATTEMPTS:
            await self.jobs.put_off(job, reason, later(job, now))
        elif job.kind == "report":
            await self._by_rules(job, reason)
        else:
            await self.jobs.give_up(job, reason)

    async def _by_rules(self, job: ModelJob, reason: str) -> None:
        """The rules' opening stays, and says why it is theirs."""
        log = await self.logs.of(job.user_id)
        if job.subject in log.week_by_label:
            content = write_report(log, job.subject, by_rules(log, job.subject, reason)).content(log)
            await self.reports.tell(job, content, "failed", reason)
        else:
            await self.jobs.give_up(job, reason)
