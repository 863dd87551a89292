"""The topics: made explicitly, with their partition count, never by auto-creation.

`python -m shared.topics` creates what is missing.
"""

import asyncio
import os
from collections.abc import Mapping

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import TopicAlreadyExistsError

EVENTS = "hypertrophy.events.v1"
IDENTITY = "hypertrophy.identity.v1"
EFFECTS = "hypertrophy.effects.v1"
COACH = "hypertrophy.coach.v1"
DEAD_LETTERS = "hypertrophy.dead-letters.v1"

SEVEN_DAYS_MS = 7 * 24 * 3600 * 1000
CONFIGURATION = {"cleanup.policy": "delete", "retention.ms": str(SEVEN_DAYS_MS), "compression.type": "producer"}


def partitions() -> Mapping[str, int]:
    """Partitions by topic. `EVENT_PARTITIONS` scales the event topic: one projector worker each at most."""
    events = int(os.environ.get("EVENT_PARTITIONS", "12"))
    return {EVENTS: events, IDENTITY: 3, EFFECTS: 3, COACH: 3, DEAD_LETTERS: 1}


async def create_topics(bootstrap_servers: str) -> list[str]:
    """Creates the missing topics and returns their names.

    Raises:
        aiokafka.errors.KafkaError: when the brokers cannot be reached or refuse.
    """
    replication = int(os.environ.get("KAFKA_REPLICATION_FACTOR", "1"))
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap_servers)
    await admin.start()
    try:
        existing = set(await admin.list_topics())
        missing = [
            NewTopic(name, count, replication, topic_configs=CONFIGURATION)
            for name, count in partitions().items()
            if name not in existing
        ]
        try:
            if missing:
                await admin.create_topics(missing)
        except TopicAlreadyExistsError:
            return []  # another process was faster: the topics are there, which is all that was asked
        return [topic.name for topic in missing]
    finally:
        await admin.close()


if __name__ == "__main__":
    for created in asyncio.run(create_topics(os.environ["KAFKA_BOOTSTRAP_SERVERS"])):
        print(created)
