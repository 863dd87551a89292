"""`./hypertrophy dead-letters …`: events that the projector could not apply."""

from collections.abc import Sequence
from typing import Annotated, Any
from uuid import UUID

import typer

from client.cli.output import table
from client.wording import counted
from deploy.local.operations.running import AsJson, Data, Operator, operate
from deploy.local.output import print_json, tell

PATH = "/internal/projector/dead-letters"
dead_letters = typer.Typer(
    name="dead-letters", help="Events that could not be applied.", no_args_is_help=True, add_completion=False
)

Device = Annotated[UUID, typer.Argument(help="The device that the list names.")]
Number = Annotated[int, typer.Argument(help="The event's number of that device.")]


@dead_letters.command("list")
def list_parked(
    user: Annotated[UUID | None, typer.Option(help="Only this user's.")] = None,
    as_json: AsJson = False,
    data: Data = None,
) -> None:
    """List what is parked, with the reasons, and records that are no events."""
    items, refused = operate(data, lambda operator: listing(operator, user))
    if as_json:
        print_json({"items": items, "refused": refused})
    else:
        show(items, refused)


@dead_letters.command()
def retry(
    device: Annotated[UUID | None, typer.Argument(help="Of one event; without it all are tried.")] = None,
    number: Annotated[int | None, typer.Argument(help="The event's number of that device.")] = None,
    as_json: AsJson = False,
    data: Data = None,
) -> None:
    """Try to apply what is parked again: safe, however late it is."""
    if (device is None) != (number is None):
        raise typer.BadParameter("give both the device and the number, or neither")
    path = PATH + (f"/{device}/{number}/retry" if device else "/retry")
    done = operate(data, lambda operator: operator.post(path), patience=600)
    sentence = done["state"] if device else f"applied {done['applied']:,}, still parked {done['parked']:,}"
    tell(done, sentence, as_json)


@dead_letters.command()
def discard(device: Device, number: Number, as_json: AsJson = False, data: Data = None) -> None:
    """Give an event up: it stays in the event store, and its entity counts as whole again."""
    done = operate(data, lambda operator: operator.post(f"{PATH}/{device}/{number}/discard"))
    tell(done, done["state"], as_json)


async def listing(operator: Operator, user: UUID | None) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Parked events, and the latest records that are none."""
    asked = {"user_id": str(user)} if user else {}
    refused = (await operator.get(PATH, limit=500, **asked))["refused"]
    return await operator.all_items(PATH, limit=500, **asked), refused


def show(items: Sequence[dict[str, Any]], refused: Sequence[dict[str, Any]]) -> None:
    if not items and not refused:
        typer.echo("nothing is parked")
    table(
        counted(len(items), "parked event"),
        ("device", "number", "event", "state", "reason"),
        [
            (item["device_id"], item["sequence_number"], item["event"]["event_type"], item["state"], item["reason"])
            for item in items
        ],
    )
    table(
        "Records that are no events",
        ("topic", "partition", "offset", "reason"),
        [(item["topic"], item["partition"], item["record_offset"], item["reason"]) for item in refused],
    )
