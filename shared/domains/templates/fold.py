"""What each event says about templates."""

from shared.domains.templates.events import TemplateEvent, TemplateRemoved, TemplateRestored, TemplateSaved
from shared.registry import REMOVED, Change


def changes(event: TemplateEvent) -> tuple[Change, ...]:
    match event:
        case TemplateSaved():
            return (Change("template", event.template_id, event.changed("template_id")),)
        case TemplateRemoved():
            return (Change("template", event.template_id, {REMOVED: True}),)
        case TemplateRestored():
            return (Change("template", event.template_id, {REMOVED: False}),)
