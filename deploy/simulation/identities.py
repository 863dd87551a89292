"""Who is who, as each store hears it: merges in any order, as often as they come."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from uuid import UUID

from shared.identity import UserMerged


@dataclass
class Identities:
    """`roots` leads every merged user to the one that it is now; `position` is the last number heard without a gap."""

    roots: dict[UUID, UUID] = field(default_factory=dict)
    position: int = 0

    def root(self, user_id: UUID) -> UUID:
        return self.roots.get(user_id, user_id)

    def everyone(self, user_ids: Iterable[UUID]) -> set[UUID]:
        """These users with everyone who is the same as one of them."""
        given = set(user_ids)
        roots = {self.root(user_id) for user_id in given}
        return given | roots | {user_id for user_id, root in self.roots.items() if root in roots}

    def hear(self, event: UserMerged) -> None:
        merged, root = self.root(event.from_user_id), self.root(event.user_id)
        if merged != root:
            for user_id in [user_id for user_id, known in self.roots.items() if known == merged]:
                self.roots[user_id] = root
            self.roots[merged] = root
        if event.number == self.position + 1:
            self.position = event.number

    def heal(self, log: Iterable[UserMerged]) -> None:
        """Hears what auth's log has and the topic has not brought."""
        for event in [event for event in log if event.number > self.position]:
            self.hear(event)

    def copied(self) -> "Identities":
        return Identities(dict(self.roots), self.position)
