"""What a newcomer sees first: `./hypertrophy demo`, whose phones lose answers and send again."""

import io
import re

from rich.console import Console

from deploy.local.demo import play
from tests.system.stack.world import World


async def test_the_demo_shows_what_it_logged_and_loses_nothing(world: World) -> None:
    # when somebody's two weeks are played
    shown = io.StringIO()
    await play(world.stack.url, Console(file=shown, width=140), weeks=2, seed=3)
    text = shown.getvalue()

    # then the log is read back: workouts, their sets, weeks
    assert re.search(r"completed +│ \d+ +│ [\d,]+ kg", text)
    assert re.search(r"\d+ x [\d.]+ kg +│ normal", text)
    assert re.search(r"\d+ x body( \+ [\d.]+ kg)? +│ normal", text)
    assert len(re.findall(r"│ \d{4}-W\d{2} │", text)) >= 2

    # and of each phone every event has come through, once, however often it was sent
    devices = re.findall(r"│ (phone|watch) +│ +(\d+) +│ +(\d+) +│ +(\d+) +│ +(\d+) +│ +(\d+) +│", text)
    assert [name for name, *_ in devices] == ["phone", "watch"]
    for _, logged, sent, duplicates, accepted, projected in devices:
        assert logged == accepted == projected
        assert int(sent) == int(accepted) + int(duplicates)
