"""`./hypertrophy verify`: event store, topics and read stores of a running stack, compared."""

import asyncio
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from deploy.local.operations.running import AsJson, Data, Operator, operate
from deploy.local.operations.verification.content import Users, check_content
from deploy.local.operations.verification.findings import Check, Findings
from deploy.local.operations.verification.positions import READ_STORES, check_positions
from deploy.local.operations.verification.relay import check_relay
from deploy.local.operations.verification.store import Store, check_store, read_store
from deploy.local.operations.verification.topics import check_topic, read_topic
from deploy.local.output import print_json

PATIENCE_SECONDS = 60.0
ON_ITS_WAY_SECONDS = 3.0


def verify(
    content: Annotated[bool, typer.Option("--content", help="Compare every row of the read models as well.")] = False,
    as_json: AsJson = False,
    data: Data = None,
) -> None:
    """Compare event store, topics and read stores, and name the first difference."""
    findings = operate(data, lambda operator: verification(operator, content=content))
    if as_json:
        print_json(findings.as_json())
    else:
        show(findings, Console(highlight=False))
    raise typer.Exit(0 if findings.agrees else 1)


async def verification(operator: Operator, *, content: bool, patience: float = PATIENCE_SECONDS) -> Findings:
    """All comparisons. The relay and read stores that are still catching up are waited for, at most `patience` seconds
    each."""
    relay = await check_relay(operator, patience=patience)
    stores = [await check_positions(operator, service, patience=patience) for service in READ_STORES]
    users = Users(await operator.identity.after(0)) if content else None
    store = await read_store(operator.ingest, users)
    checks: list[Check] = [check_store(store), relay, await published(operator, store), *stores]
    if users is not None:
        checks.append(await check_content(operator, users, patience=patience))
    return Findings(checks)


async def published(operator: Operator, store: Store) -> Check:
    """The topic, looked at again where something is missing: the relay may be on its way with it."""
    bootstrap = operator.stack.environment["KAFKA_BOOTSTRAP_SERVERS"]
    check = check_topic(store, await read_topic(bootstrap, store.epoch))
    if check.agrees:
        return check
    await asyncio.sleep(ON_ITS_WAY_SECONDS)
    return check_topic(store, await read_topic(bootstrap, store.epoch))


def show(findings: Findings, console: Console) -> None:
    table = Table("", "compared", "result")
    for check in findings.checks:
        result = "[green]agrees[/]" if check.agrees else "[bold red]differs[/]"
        table.add_row(check.name, f"{check.compared:,} {check.units}", result)
    console.print(table)
    if findings.first_difference:
        console.print(f"first difference: {findings.first_difference}", markup=False, soft_wrap=True)
