"""Imports: that a file of another app was read, and what came of it."""

from shared.domains.imports.events import EVENTS
from shared.domains.imports.fold import changes
from shared.registry import Domain, Stream

DOMAIN = Domain(
    name="imports",
    events=EVENTS,
    streams=(Stream("import", "import_id", creates="ImportFinished"),),
    changes=changes,
)
