"""Templates: what a user means to do again."""

from shared.domains.templates.events import EVENTS
from shared.domains.templates.fold import changes
from shared.registry import Domain, Stream

DOMAIN = Domain(
    name="templates",
    events=EVENTS,
    streams=(
        Stream("template", "template_id", "TemplateSaved", "TemplateSaved", "TemplateRemoved", "TemplateRestored"),
    ),
    changes=changes,
)
