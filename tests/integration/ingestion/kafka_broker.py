"""A broker of Kafka in KRaft mode on this machine, which can be killed and started again.

Belongs here: fetching it with Maven, its settings, its process. Does not belong here: what is sent and read.
"""

import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

from confluent_kafka.admin import AdminClient, NewTopic

from core.home import LOOPBACK, free_port
from standalone.processes import Child, Command, start, stop, wait_until_ready
from standalone.spark import java_home

JARS = Path(sys.prefix) / "share" / "customer-analyzer" / "kafka"
_POM = Path(__file__).with_name("kafka.pom.xml")
_CLUSTER = "AAAAAAAAAAAAAAAAAAAAAQ"
"""A cluster's id is a UUID in base64."""
_START_SECONDS = 240


def fetch_kafka() -> Path:
    """The folder with the broker's jars, which Maven fetches once."""
    if not list(JARS.glob("kafka_2.13-*.jar")):
        part = JARS.with_name(f"kafka.part-{UUID(int=0).hex[:4]}")
        command = ["mvn", "-q", "-B", "-f", str(_POM), "dependency:copy-dependencies", f"-DoutputDirectory={part}"]
        subprocess.run(command, check=True, timeout=300)
        part.rename(JARS)
    return JARS


@dataclass
class Broker:
    """A broker that is its own controller. Its log stays in `folder` when it is killed."""

    folder: Path
    port: int = field(default_factory=free_port)
    controller: int = field(default_factory=free_port)
    child: Child | None = None

    @property
    def address(self) -> str:
        """Where clients find it."""
        return f"{LOOPBACK}:{self.port}"

    def prepare(self) -> None:
        """Writes its settings, and the folder of its log."""
        self._settings.write_text(
            f"""process.roles=broker,controller
node.id=1
controller.quorum.voters=1@{LOOPBACK}:{self.controller}
controller.listener.names=CONTROLLER
listeners=PLAINTEXT://{LOOPBACK}:{self.port},CONTROLLER://{LOOPBACK}:{self.controller}
advertised.listeners=PLAINTEXT://{LOOPBACK}:{self.port}
log.dirs={self.folder / "log"}
auto.create.topics.enable=false
offsets.topic.replication.factor=1
offsets.topic.num.partitions=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=1000
num.network.threads=1
num.io.threads=2
log.cleaner.enable=false
""",
            encoding="ascii",
        )
        done = subprocess.run(
            self._java("kafka.tools.StorageTool", "format", "-t", _CLUSTER, "-c", str(self._settings)),
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr

    def start(self) -> None:
        """Starts it, and waits until it can be asked."""
        line = self._java("kafka.Kafka", str(self._settings))
        self.child = start(Command("kafka", line, self.folder / "kafka.log", self.port, directory=self.folder))
        wait_until_ready(self.child, _START_SECONDS)

    def kill(self) -> None:
        """Ends it as a power cut would, but for what is in the machine's memory."""
        assert self.child is not None
        self.child.process.kill()
        self.child.process.wait()

    def stop(self) -> None:
        """Ends it for good."""
        if self.child is not None:
            stop([self.child])

    def create_topic(self, name: str, partitions: int) -> None:
        """Makes a topic."""
        client = AdminClient({"bootstrap.servers": self.address})
        for each in client.create_topics([NewTopic(name, partitions, 1)]).values():
            each.result(60)

    @property
    def _settings(self) -> Path:
        return self.folder / "kafka.properties"

    def _java(self, main_class: str, *arguments: str) -> list[str]:
        options = ["-Xmx256m", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-cp", f"{fetch_kafka()}/*"]
        return [str(java_home() / "bin" / "java"), *options, main_class, *arguments]
