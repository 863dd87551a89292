"""`./hypertrophy quarantine …`: events that were refused for good, and their way back after an upgrade."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any
from uuid import UUID

import typer

from client.cli.output import table
from client.wording import counted
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
        show(items)


@quarantine.command()
def release(as_json: AsJson = False, data: Data = None) -> None:
    """Take in what this version of the software knows, as events of the server's device."""
    done = operate(data, lambda operator: operator.post("/internal/ingest/quarantine/release"), patience=600)
    tell(done, f"released {done['released']:,}, kept {done['kept']:,}", as_json)


def show(items: Sequence[dict[str, Any]]) -> None:
    if not items:
        typer.echo("nothing is in quarantine")
    table(
        counted(len(items), "refused event"),
        ("device", "number", "reason", "released"),
        [(item["device_id"], item["sequence_number"], _reason(item), item.get("released_at")) for item in items],
    )


def _reason(item: Mapping[str, Any]) -> str:
    place = f" ({item['field']})" if item.get("field") else ""
    return f"{item['code']}{place}: {item['message']}"
