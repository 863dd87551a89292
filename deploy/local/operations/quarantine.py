"""`./hypertrophy quarantine …`: events that were refused for good, and their way back after an upgrade."""

from collections.abc import Sequence
from typing import Annotated, Any
from uuid import UUID

import typer
from rich.console import Console
from rich.table import Table

from deploy.local.operations.running import AsJson, Data, operate
from deploy.local.output import print_json, tell

quarantine = typer.Typer(
    name="quarantine", help="Events that were refused for good.", no_args_is_help=True, add_completion=False
)


@quarantine.command("list")
def list_refused(
    user: Annotated[UUID | None, typer.Option(help="Only this user's.")] = None,
    as_json: AsJson = False,
    data: Data = None,
) -> None:
    """List refused events with the reasons."""
    asked = {"user_id": str(user) if user else None, "limit": 500}
    items = operate(data, lambda operator: operator.all_items("/internal/ingest/quarantine", **asked))
    if as_json:
        print_json(items)
    else:
        show(items, Console(highlight=False))


@quarantine.command()
def release(as_json: AsJson = False, data: Data = None) -> None:
    """Take in what this version of the software knows, as events of the server's device."""
    done = operate(data, lambda operator: operator.post("/internal/ingest/quarantine/release"), patience=600)
    tell(done, f"released {done['released']:,}, kept {done['kept']:,}", as_json)


def show(items: Sequence[dict[str, Any]], console: Console) -> None:
    if not items:
        console.print("nothing is in quarantine")
        return
    table = Table("device", "number", "event", "reason", "released", title=f"{len(items):,} refused events")
    for item in items:
        place = f" ({item['field']})" if item.get("field") else ""
        table.add_row(
            str(item["device_id"]),
            str(item["sequence_number"]),
            str(item["event_id"]),
            f"{item['code']}{place}: {item['message']}",
            item.get("released_at") or "",
        )
    console.print(table)
