"""Apache Kafka's jars: resolved once from Maven coordinates by jgo, then found in the cache without any network."""

import asyncio
import contextlib
import fcntl
import json
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn

from deploy.local.folders import cache_folder
from deploy.local.processes import StartError

KAFKA_VERSION = "4.3.0"
# kafka-clients is named as well because jgo would else pick an older one.
COORDINATES = (
    f"org.apache.kafka:kafka_2.13:{KAFKA_VERSION}",
    f"org.apache.kafka:kafka-clients:{KAFKA_VERSION}",
    "org.apache.logging.log4j:log4j-slf4j-impl:2.25.3",
)
EXPECTED_BYTES = 46_000_000

Received = Callable[[int], None]
Meter = Callable[[str, int], AbstractContextManager[Received]]


async def find_jars(console: Console | None = None) -> list[Path]:
    """The class path, downloaded first when the cache lacks it. Safe in several processes at once.

    Raises:
        StartError: when the download fails.
    """
    interrupted = threading.Event()
    try:
        return await asyncio.to_thread(kafka_jars, console, interrupted)
    except asyncio.CancelledError:
        interrupted.set()
        raise


def kafka_jars(console: Console | None, interrupted: threading.Event) -> list[Path]:
    home = cache_folder() / f"kafka-{KAFKA_VERSION}"
    if not (home / "classpath.json").exists():
        home.parent.mkdir(parents=True, exist_ok=True)
        with locked(home.with_name(f"{home.name}.lock")):
            if not (home / "classpath.json").exists():
                download(home, console, interrupted)
    return [home / jar for jar in json.loads((home / "classpath.json").read_text())]


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def download(home: Path, console: Console | None, interrupted: threading.Event) -> None:
    """Fills a folder beside the final one and renames it, so that an interrupted download leaves no half jars."""
    partial = home.with_name(f"{home.name}.partial")
    for unfinished in (partial, home):
        shutil.rmtree(unfinished, ignore_errors=True)
    with progress(console, interrupted) as meter:
        jars = resolve(partial, meter)
    (partial / "classpath.json").write_text(json.dumps([str(jar.relative_to(partial)) for jar in jars]))
    partial.replace(home)


def resolve(repository: Path, meter: Meter) -> list[Path]:
    from jgo.maven import MavenContext, PythonResolver
    from jgo.parse import Coordinate

    context = MavenContext(
        resolver=PythonResolver(progress_callback=meter), repo_cache=repository, local_repos=[], timeout=30
    )
    wanted = [context.create_dependency(Coordinate.parse(coordinate)) for coordinate in COORDINATES]
    try:
        named, transitive = context.resolver.resolve(wanted)
        return [dependency.artifact.resolve() for dependency in [*named, *transitive]]
    except (OSError, RuntimeError) as error:  # requests' errors are OSErrors, jgo's own are RuntimeErrors
        raise StartError(f"Apache Kafka could not be downloaded (about 46 MB, needed once): {error}") from error


@contextlib.contextmanager
def progress(console: Console | None, interrupted: threading.Event) -> Iterator[Meter]:
    """Shows one bar over all files; the total is an estimate, as sizes are known only file by file."""
    columns = (TextColumn("  Apache Kafka, once"), BarColumn(), DownloadColumn())
    with Progress(*columns, console=console, transient=True, disable=console is None) as bar:
        task = bar.add_task("jars", total=EXPECTED_BYTES)

        def received(count: int) -> None:
            if interrupted.is_set():
                raise StartError("the download of Apache Kafka was interrupted")
            bar.advance(task, count)

        yield lambda _name, _size: contextlib.nullcontext(received)
