"""Two minutes of faults: nothing that was acknowledged is lost, doubled or stuck."""

from pydantic_core import to_json
from rich.console import Console

from deploy.local.operations.chaos.command import run


async def test_nothing_acknowledged_is_lost() -> None:
    outcome = await run(120, 20_261_121, Console(stderr=True))

    assert outcome.storm.faults.total() > 5
    assert outcome.reckoning.acked > 0
    assert outcome.sound, to_json(outcome.as_json(), indent=2).decode()
