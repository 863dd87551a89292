"""PostgreSQL and Kafka from testcontainers, with the face of the embedded engines."""

import asyncio
from dataclasses import dataclass

import asyncpg
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError
from testcontainers.community.postgres import PostgresContainer
from testcontainers.core.container import DockerContainer

from deploy.local.ports import free_port

POSTGRES_IMAGE = "postgres:18"
KAFKA_IMAGE = "apache/kafka:4.3.0"
PASSWORD = "containers"
LOGS = "/var/lib/kafka/data"
# The image's own start formats the storage, which it may refuse to do twice: a broker that was killed only starts.
START = (
    f"if [ -e {LOGS}/meta.properties ]; then exec /opt/kafka/bin/kafka-server-start.sh"
    " /opt/kafka/config/server.properties; else exec /etc/kafka/docker/run; fi"
)


def kafka_container(port: int) -> DockerContainer:
    """One KRaft node that tells clients the port on the host at which they reach it."""
    settings = {
        "KAFKA_NODE_ID": "1",
        "KAFKA_PROCESS_ROLES": "broker,controller",
        "KAFKA_CONTROLLER_QUORUM_VOTERS": "1@localhost:9093",
        "KAFKA_LISTENERS": "PLAINTEXT://0.0.0.0:9092,CONTROLLER://0.0.0.0:9093",
        "KAFKA_ADVERTISED_LISTENERS": f"PLAINTEXT://127.0.0.1:{port}",
        "KAFKA_LISTENER_SECURITY_PROTOCOL_MAP": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
        "KAFKA_CONTROLLER_LISTENER_NAMES": "CONTROLLER",
        "KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR": "1",
        "KAFKA_TRANSACTION_STATE_LOG_REPLICATION_FACTOR": "1",
        "KAFKA_TRANSACTION_STATE_LOG_MIN_ISR": "1",
        "KAFKA_GROUP_INITIAL_REBALANCE_DELAY_MS": "0",
        "KAFKA_AUTO_CREATE_TOPICS_ENABLE": "false",
        "KAFKA_LOG_DIRS": LOGS,
    }
    container = DockerContainer(KAFKA_IMAGE).with_bind_ports(9092, port).with_command(["bash", "-c", START])
    for name, value in settings.items():
        container = container.with_env(name, value)
    return container


@dataclass
class ContainerBroker:
    """Kafka's container, killed and started again with its data."""

    container: DockerContainer
    port: int

    async def kill(self) -> None:
        await asyncio.to_thread(self.container.get_wrapped_container().kill)

    async def start(self) -> None:
        await asyncio.to_thread(self.container.get_wrapped_container().start)
        await self.ready()

    async def ready(self) -> None:
        async with asyncio.timeout(60):
            while not await self._answers():
                await asyncio.sleep(0.2)

    async def _answers(self) -> bool:
        admin = AIOKafkaAdminClient(bootstrap_servers=f"127.0.0.1:{self.port}")
        try:
            await admin.start()
            await admin.list_topics()
        except (KafkaError, OSError):
            return False
        finally:
            await admin.close()
        return True


class ContainerEngines:
    """Both containers. Roles and databases are made as the embedded engines make them."""

    def __init__(self, postgres: PostgresContainer, broker: ContainerBroker) -> None:
        self._postgres = postgres
        self.broker = broker

    @classmethod
    def started(cls) -> "ContainerEngines":
        port = free_port()
        kafka = kafka_container(port)
        postgres = PostgresContainer(POSTGRES_IMAGE, username="postgres", password=PASSWORD, dbname="postgres")
        postgres.with_command("postgres -c max_connections=200 -c jit=off")
        kafka.start()
        postgres.start()
        engines = cls(postgres, ContainerBroker(kafka, port))
        asyncio.run(engines.broker.ready())
        return engines

    def stop(self) -> None:
        self._postgres.stop()
        self.broker.container.stop()

    @property
    def kafka_bootstrap(self) -> str:
        return f"127.0.0.1:{self.broker.port}"

    def _url(self, name: str, role: str) -> str:
        host, port = self._postgres.get_container_host_ip(), self._postgres.get_exposed_port(5432)
        return f"postgresql://{role}:{PASSWORD}@{host}:{port}/{name}"

    async def create_database(self, name: str, owner: str) -> str:
        connection = await asyncpg.connect(self._url("postgres", "postgres"))
        try:
            if not await connection.fetchval("SELECT 1 FROM pg_roles WHERE rolname = $1", owner):
                await connection.execute(f"CREATE ROLE \"{owner}\" LOGIN CREATEROLE PASSWORD '{PASSWORD}'")
            await connection.execute(f'CREATE DATABASE "{name}" OWNER "{owner}"')
        finally:
            await connection.close()
        return self._url(name, owner).replace("postgresql://", "postgresql+asyncpg://")

    async def drop_database(self, name: str) -> None:
        connection = await asyncpg.connect(self._url("postgres", "postgres"))
        try:
            await connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        finally:
            await connection.close()
