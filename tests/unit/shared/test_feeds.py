"""The feeds between services, read to their ends."""

from datetime import UTC, datetime
from uuid import uuid4

import httpx2
import pytest
from pydantic import ValidationError

from shared.feeds import PAGE, IdentityFeed, IngestFeed
from shared.identity import DeviceLinked, IdentityEvent, UserErased, UserMerged
from tests.histories import history

NOW = datetime(2026, 11, 21, 10, tzinfo=UTC)
USER = uuid4()
LOG: list[IdentityEvent] = [
    *(DeviceLinked(number=number, occurred_at=NOW, user_id=USER, device_id=uuid4()) for number in range(1, PAGE + 1)),
    UserMerged(number=PAGE + 1, occurred_at=NOW, user_id=USER, merge_id=uuid4(), from_user_id=uuid4()),
    UserErased(number=PAGE + 2, occurred_at=NOW, user_id=USER, erasure_id=uuid4(), merged_user_ids=[uuid4()]),
]


def client(answer: httpx2.MockTransport) -> httpx2.AsyncClient:
    return httpx2.AsyncClient(transport=answer, base_url="http://auth")


def page(request: httpx2.Request) -> httpx2.Response:
    after, limit = int(request.url.params["after"]), int(request.url.params["limit"])
    newer = [event.model_dump(mode="json") for event in LOG if event.number > after]
    return httpx2.Response(200, json={"events": newer[:limit], "last_number": len(LOG)})


@pytest.mark.parametrize("number", [0, 1, 2, PAGE + 1, PAGE + 2])
async def test_the_identity_log_is_read_over_all_of_its_pages(number: int) -> None:
    async with client(httpx2.MockTransport(page)) as http:
        assert await IdentityFeed(http).after(number) == LOG[number:]


async def test_a_range_is_read_to_its_end_however_short_its_pages_are() -> None:
    # given a device whose events are so large that an answer holds three, with a number that was declared as a gap
    chain = [event for event in history(1, events=11, devices=1).received if event.sequence_number != 5]
    asked: list[int] = []

    def three(request: httpx2.Request) -> httpx2.Response:
        first = int(request.url.params["from"])
        asked.append(first)
        found = [event.model_dump_json() for event in chain if event.sequence_number >= first][:3]
        return httpx2.Response(200, text="".join(f"{line}\n" for line in found))

    # when it is read up to its head
    async with client(httpx2.MockTransport(three)) as http:
        read = [event async for event in IngestFeed(http).events(chain[0].device_id, 1, 11)]

    # then all of it comes, and nothing is asked for beyond the head
    assert read == chain
    assert asked == [1, 4, 8, 11]


async def test_an_answer_that_is_no_page_of_the_identity_log_is_an_error() -> None:
    async with client(httpx2.MockTransport(lambda _: httpx2.Response(200, json={"events": []}))) as http:
        with pytest.raises(ValidationError, match="last_number"):
            await IdentityFeed(http).after(0)
