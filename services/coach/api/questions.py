"""Quick questions."""

from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import ConfigDict, Field

from services.coach.api.rooms import PREFIX, Account, InRooms
from services.coach.facts.claims import claims_json, evidence
from services.coach.facts.log import TrainingLog
from services.coach.rules.answers import Answer
from services.coach.rules.questions import QUICK_QUESTIONS, find
from services.coach.safety import MAX_MESSAGE, cleaned
from shared.errors import Problem
from shared.http import Cursor, Limit, Page, paged
from shared.values import Strict, Text, utc_now

router = APIRouter(prefix=f"{PREFIX}/quick-questions", tags=["coach"])


class UnknownQuestion(Problem):
    """`GET /quick-questions` lists what can be asked; `POST /chat` takes anything."""

    status, code = 422, "unknown_question"


class Question(Strict):
    model_config = ConfigDict(extra="ignore")

    question: Annotated[Text, Field(max_length=MAX_MESSAGE)]


@router.get("")
async def quick_questions(
    account: Account, here: InRooms, cursor: Cursor = None, limit: Limit = 50
) -> Page[dict[str, Any]]:
    """What can be asked. Who looks at it is about to ask."""
    here.logs.prepare(account)
    return paged([{"question": quick.question} for quick in QUICK_QUESTIONS], cursor, limit)


@router.post("")
async def ask(asked: Question, account: Account, here: InRooms) -> dict[str, Any]:
    """The answer of the rules, at once, with the sets and measurements that its numbers come from."""
    quick = find(cleaned(asked.question))
    if quick is None:
        raise UnknownQuestion("this is none of the quick questions", field="question")
    log = await here.logs.of(account)
    return {"question": quick.question, **answer_json(quick.rules(log, utc_now()), log)}


def answer_json(answer: Answer, log: TrainingLog) -> dict[str, Any]:
    """An answer as it goes out: `claims` say which of the evidence each number stands on."""
    return {
        "answer": answer.text,
        "evidence": evidence(answer.claims, log),
        "claims": claims_json(answer.claims),
        "source": "rules",
    }
