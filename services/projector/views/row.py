"""What a row is to the projector."""

from collections.abc import Mapping
from typing import Any, Protocol


class Row(Protocol):
    """A row of a view. Its attributes bear the names of its table's columns, those with `info["of"]` apart."""

    def content(self) -> Mapping[str, Any]:
        """What the row says, in the shape of the API: stored, answered and digested."""
