"""Afterwards: every acknowledged event must be in the store, on the topic and in the read models, exactly once."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from deploy.local.operations.chaos.phones import Acknowledged
from deploy.local.operations.running import Operator
from deploy.local.operations.verification.command import verification
from deploy.local.operations.verification.findings import Findings
from deploy.local.operations.verification.store import Collector, read_store
from deploy.local.operations.verification.topics import Topic, read_topic
from shared.envelope import AcceptedEvent


class Kept(Collector):
    """How often each event id lies in the store, by device."""

    def __init__(self) -> None:
        self.times: dict[tuple[UUID, UUID], int] = {}
        self.at: dict[tuple[UUID, int], UUID] = {}

    def take(self, event: AcceptedEvent) -> None:
        key = (event.device_id, event.event_id)
        self.times[key] = self.times.get(key, 0) + 1
        self.at[event.device_id, event.sequence_number] = event.event_id


@dataclass(frozen=True)
class Reckoning:
    """`lost` names acknowledged events that a place lacks, `duplicated` those that the store has twice; records that
    lie on the topic again are normal, and dropped by every reader."""

    acked: int
    lost: Sequence[str]
    duplicated: Sequence[str]
    repeated_records: int
    findings: Findings = field(default_factory=lambda: Findings(()))

    @property
    def sound(self) -> bool:
        return not self.lost and not self.duplicated and self.findings.agrees

    @property
    def examples(self) -> Sequence[str]:
        """Some of what is lost or duplicated."""
        return [*self.lost[:5], *self.duplicated[:5]]


async def reckon(operator: Operator, acked: Sequence[Acknowledged], patience: float) -> Reckoning:
    """Compares what phones were told with every place where it must be."""
    findings = await verification(operator, content=True, patience=patience)
    kept = Kept()
    store = await read_store(operator.ingest, kept)
    topic = await read_topic(operator.stack.environment["KAFKA_BOOTSTRAP_SERVERS"], store.epoch)
    return Reckoning(
        acked=len(acked),
        lost=list(lost(acked, kept, topic)),
        duplicated=[f"event {event_id} of {device_id}" for (device_id, event_id), n in kept.times.items() if n > 1],
        repeated_records=topic.repeated,
        findings=findings,
    )


def lost(acked: Iterable[Acknowledged], kept: Kept, topic: Topic) -> Iterable[str]:
    """What was acknowledged and is not where it must be. The read models are compared with the store by digests."""
    for one in acked:
        if kept.at.get((one.device_id, one.sequence_number)) != one.event_id:
            yield f"event {one.sequence_number} of {one.device_id} is not in the store"
            continue
        published = topic.devices.get(one.device_id)
        if published is None or published.events.get(one.sequence_number) != str(one.event_id):
            yield f"event {one.sequence_number} of {one.device_id} is not on the topic"
