"""Every command, as data: where its function lives, loaded only when it is called, so that none costs the others time.

A target is `module:name`, of a function with Typer annotations or of a `typer.Typer` with commands of its own.
"""

from dataclasses import dataclass
from typing import Final

TRAINING: Final = "Training"
SYNCING: Final = "Your phones and files"
RUNNING: Final = "Running it"
CARE: Final = "Taking care of it"
BUILDING: Final = "Building it"

OPERATIONS: Final = "deploy.local.operations"


@dataclass(frozen=True)
class Command:
    """`summary` is the line in the list of commands; `panel` the heading under which it stands."""

    name: str
    target: str
    summary: str
    panel: str


# Where people look first for what stands elsewhere.
ELSEWHERE: Final = {"login": "account login", "logout": "account logout", "register": "account register"}

COMMANDS: Final = (
    Command("start", "client.cli.training:start", "Start a workout.", TRAINING),
    Command("set", "client.cli.training:set_", 'Log a set: set "Bench Press" 5x100 --rpe 8.', TRAINING),
    Command("edit", "client.cli.changing:edit", "Correct a set or a workout, also an old one.", TRAINING),
    Command("undo", "client.cli.changing:undo", "Take back what was logged last.", TRAINING),
    Command("end", "client.cli.training:end", "End the workout.", TRAINING),
    Command("log", "client.cli.looking:log_", "List workouts.", TRAINING),
    Command("show", "client.cli.looking:show", "Show a workout with its sets.", TRAINING),
    Command("stats", "client.cli.looking:stats", "Weekly sets by muscle, or the trend of an exercise.", TRAINING),
    Command("measure", "client.cli.body:measure", "Record body weight and girths.", TRAINING),
    Command("profile", "client.cli.body:profile", "Show or change who trains.", TRAINING),
    Command("exercises", "client.cli.planning:exercises", "Find exercises, or define your own.", TRAINING),
    Command("template", "client.cli.planning:template", "Templates of workouts.", TRAINING),
    Command("status", "client.cli.syncing:status", "What waits to be synced.", SYNCING),
    Command("sync", "client.cli.syncing:sync", "Send what was logged and fetch what other devices logged.", SYNCING),
    Command("fix", "client.cli.syncing:fix", "Correct or give up an event that the server refused.", SYNCING),
    Command("conflicts", "client.cli.settling:conflicts", "What two devices changed, and what counts.", SYNCING),
    Command("import", "client.cli.importing:import_", "Move in from Strong, Hevy, FitNotes or an own export.", SYNCING),
    Command("export", "client.cli.exporting:export_", "JSON Lines, a CSV as Hevy's, or a month's report.", SYNCING),
    Command("doctor", "client.cli.doctoring:doctor", "Check this log, and compare it with the server.", SYNCING),
    Command("account", "client.cli.account:account", "Register, log in and out, list devices.", SYNCING),
    Command("up", "deploy.local.commands:up", "Run the whole product on this machine.", RUNNING),
    Command("demo", "deploy.local.demo:demo", "Play twelve weeks of two phones and show what comes out.", RUNNING),
    Command("backup", f"{OPERATIONS}.backup.saving:backup", "Save the four databases in one file.", CARE),
    Command("restore", f"{OPERATIONS}.backup.restoring:restore", "Go back to a backup, under a new epoch.", CARE),
    Command(
        "verify", f"{OPERATIONS}.verification.command:verify", "Compare event store, topics and read stores.", CARE
    ),
    Command("republish", f"{OPERATIONS}.republishing:republish", "Make the topics again from the stores.", CARE),
    Command("rebuild", f"{OPERATIONS}.rebuilding:rebuild", "Make the read models again from the event store.", CARE),
    Command("quarantine", f"{OPERATIONS}.quarantine:quarantine", "Events that were refused for good.", CARE),
    Command("dead-letters", f"{OPERATIONS}.dead_letters:dead_letters", "Events that could not be applied.", CARE),
    Command("admin", f"{OPERATIONS}.administration:admin", "Accounts and keys of this server.", CARE),
    Command("bench", f"{OPERATIONS}.bench.command:bench", "Measure how fast it is on this machine.", BUILDING),
    Command("chaos", f"{OPERATIONS}.chaos.command:chaos", "Kill everything at random; nothing may be lost.", BUILDING),
    Command("simulate", "deploy.simulation.command:command", "Play phones, faults and servers from seeds.", BUILDING),
    Command("load", f"{OPERATIONS}.loading:load", "Let simulated phones sync as fast as they can.", BUILDING),
    Command("test", "deploy.local.testing:check", "Check everything, or one stage.", BUILDING),
)
