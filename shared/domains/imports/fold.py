"""What an import's end says."""

from shared.domains.imports.events import ImportFinished
from shared.registry import Change


def changes(event: ImportFinished) -> tuple[Change, ...]:
    return (Change("import", event.import_id, event.changed("import_id")),)
