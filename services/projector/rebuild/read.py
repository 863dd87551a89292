"""What the devices of a group said, as far as it is about users of the group."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import groupby
from operator import attrgetter
from uuid import UUID

from services.projector.rebuild.groups import Group
from services.projector.settings import Settings
from shared.clients import service_client
from shared.digests import digest_of_events
from shared.envelope import AcceptedEvent, decode_accepted
from shared.feeds import IngestFeed
from shared.following import Applied


@dataclass
class Told:
    """Events by the user whose rows they make, and by device, in order of their numbers."""

    group: Group
    of_user: defaultdict[UUID, list[AcceptedEvent]] = field(default_factory=lambda: defaultdict(list))
    of_device: dict[UUID, list[AcceptedEvent]] = field(default_factory=dict)

    def take(self, chain: list[AcceptedEvent]) -> None:
        """Takes all events of a device.

        One of a user from outside the group comes from a merge that is only just heard: from there on the device's
        events are left to catching up.
        """
        taken = 0
        for _, run in groupby(chain, attrgetter("user_id.int")):
            events = list(run)
            owner = self.group.owners.get(events[0].user_id)
            if owner is None:
                break
            self.of_user[owner] += events
            taken += len(events)
        if taken:
            self.of_device[chain[0].device_id] = chain[:taken]

    @property
    def events(self) -> int:
        """How many were taken."""
        return sum(map(len, self.of_device.values()))

    def applied(self) -> Mapping[UUID, tuple[Applied, UUID]]:
        """How far each device was read, and the user of its last event."""
        return {
            device: (_applied(chain), self.group.owners[chain[-1].user_id]) for device, chain in self.of_device.items()
        }


def _applied(chain: list[AcceptedEvent]) -> Applied:
    digest = digest_of_events((event.event_id, event.sequence_number) for event in chain)
    return Applied(chain[-1].sequence_number, digest)


async def read(settings: Settings, group: Group, epoch: UUID) -> Told:
    """Reads the events of a group; those of another epoch are none.

    Raises:
        httpx2.HTTPError: when the feed breaks off.
    """
    events: list[AcceptedEvent] = []
    async with service_client(settings.ingest_url, settings) as client:
        async for lines in IngestFeed(client).of_devices(group.devices):
            events += map(decode_accepted, lines.splitlines())
    told = Told(group)
    # The numbers of ids are compared many times as fast as ids.
    for _, chain in groupby(events, attrgetter("device_id.int")):
        told.take([event for event in chain if event.server_epoch.int == epoch.int])
    return told
