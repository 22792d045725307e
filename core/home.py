"""The home folder, which holds everything local: where each thing is, and which ports the servers use.

Belongs here: paths, and small files that remember a fact. Does not belong here: starting anything (`standalone`).
"""

import json
import os
import secrets
import socket
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from core.errors import PlatformError, UserError
from core.storage import Storage

LOOPBACK = "127.0.0.1"


@dataclass(frozen=True)
class Home:
    """The layout of `CUSTOMER_ANALYZER_HOME`."""

    root: Path

    @property
    def postgres(self) -> Path:
        return self.root / "postgres"

    @property
    def artifacts(self) -> Path:
        return self.root / "artifacts"

    @property
    def storage(self) -> Storage:
        """What addresses of folders lead to. `state` keeps copies of remote ones, for a start without the store."""
        return Storage(self.root, self.state / "folders")

    @property
    def logs(self) -> Path:
        return self.root / "logs"

    @property
    def log_shipping(self) -> Path:
        """What brings logs elsewhere: how far each file was read, and what waits for a destination that is away."""
        return self.root / "log-shipping"

    @property
    def shipped_logs(self) -> tuple[Path, ...]:
        """The log files that are shipped, as patterns. barman writes its own log, unmasked, which is not among them."""
        return self.logs / "*.log", self.gateway / "*.log"

    @property
    def bentoml(self) -> Path:
        return self.root / "bentoml"

    def bentoml_of(self, kind: str) -> Path:
        """One service's BentoML home: a service empties the metrics folder in it when it starts, so none is shared."""
        return self.bentoml / kind

    @property
    def dagster(self) -> Path:
        return self.root / "dagster"

    @property
    def dbt_target(self) -> Path:
        """dbt's target folder, which contains the manifest."""
        return self.root / "dbt"

    @property
    def reports(self) -> Path:
        """Drift reports, by model and day."""
        return self.root / "reports"

    @property
    def ledger(self) -> Path:
        """Where the services' predictions wait until the warehouse has stored them."""
        return self.root / "ledger"

    @property
    def uploads(self) -> Path:
        """Files of events that people uploaded, each in a folder of its own, until they are imported."""
        return self.root / "uploads"

    @property
    def lake(self) -> Path:
        """The tables of the lake, unless they are elsewhere (CUSTOMER_ANALYZER_LAKE)."""
        return self.root / "lake"

    @property
    def state(self) -> Path:
        """What services last read from the warehouse, so that they can start without it."""
        return self.root / "state"

    @property
    def backups(self) -> Path:
        """What backups need here: the key that they are encrypted with, WAL on its way, and how old the newest is."""
        return self.root / "backups"

    @property
    def replica(self) -> Path:
        """The data folder of the embedded Postgres' replica."""
        return self.root / "replica"

    @property
    def is_streamed(self) -> bool:
        """Whether the embedded Postgres writes what backups and a replica need. Once begun, that stays so: a server
        that was started without it in between would leave a gap in the archive."""
        return self.backups.is_dir() or self.replica.is_dir()

    @property
    def passfile(self) -> Path:
        """libpq's password file of the embedded Postgres."""
        return self.root / "pgpass"

    @property
    def service_key(self) -> Path:
        """The key with which `up`, `demo` and `predict` of this home call the services; only its owner may read it."""
        return self.root / "service-key"

    @property
    def bot_key(self) -> Path:
        """The key with which the bot of this home calls the API."""
        return self.root / "bot-key"

    @property
    def push_key(self) -> Path:
        """The key by which push services know the worker of this home."""
        return self.root / "push-key.pem"

    @property
    def double_token(self) -> Path:
        """The bot's token for the double of Telegram, which `up` starts where no token of a real bot is set."""
        return self.root / "double-token"

    @property
    def double_users(self) -> Path:
        """The users of the double."""
        return self.root / "double-users.json"

    @property
    def monitoring(self) -> Path:
        """What Prometheus and Alertmanager read and keep."""
        return self.root / "monitoring"

    @property
    def gateway(self) -> Path:
        """The gateway's configuration, certificate, cache and access log."""
        return self.root / "gateway"

    @property
    def ports(self) -> Path:
        return self.root / "ports.json"

    @property
    def up(self) -> Path:
        """What `up` started, for `status` and `down`. The file exists while `up` runs."""
        return self.root / "up.json"

    @property
    def up_lock(self) -> Path:
        """Held exclusively by `up`, so that only one runs in a home."""
        return self.root / "up.lock"

    @property
    def users_lock(self) -> Path:
        """Held as a shared lock by every process that uses the embedded Postgres; see `standalone.keeper`."""
        return self.root / "postgres.users.lock"

    @property
    def start_lock(self) -> Path:
        """Held exclusively while the embedded Postgres is created or started."""
        return self.root / "postgres.start.lock"


def prepare_home(root: Path) -> Home:
    """Creates the home's folders where they are missing. Raises UserError if that is not possible."""
    home = Home(root)
    try:
        made = not root.exists()
        root.mkdir(parents=True, exist_ok=True)
        if made:
            # Customers' data is closed to other users. Under root, Postgres runs as another user, who must be able
            # to pass through the folder.
            root.chmod(0o711 if os.geteuid() == 0 else 0o700)
        for folder in (home.artifacts, home.logs, home.bentoml, home.dagster, home.dbt_target, home.reports):
            folder.mkdir(mode=0o700, exist_ok=True)
        write_private(home.root / ".gitignore", "*\n")
    except OSError as error:
        raise UserError(
            f"The home {root} cannot be used: {error.strerror or error}. "
            "Set CUSTOMER_ANALYZER_HOME to a folder you may write to."
        ) from error
    return home


def write_private(path: Path, text: str | Iterable[str]) -> None:
    """Writes a file that only its owner may read. It appears complete or not at all. `text` may come in pieces."""
    temporary = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.writelines([text] if isinstance(text, str) else text)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def open_log(path: Path) -> IO[bytes]:
    """Opens a log file that only its owner may read, for appending."""
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "wb")


def read_json(path: Path) -> dict[str, Any]:
    """Reads a small state file. A missing or damaged file counts as empty, because its content can be made again."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def choose_port(home: Home, server: str, wanted: int | None) -> int:
    """The port that a server should listen on: the wanted one, or the remembered one, or a free one.

    Raises UserError if the wanted port is taken.
    """
    remembered: dict[str, int] = {name: port for name, port in read_json(home.ports).items() if port != wanted}
    port = wanted or remembered.get(server)
    if port is None or not is_free(port):
        if wanted is not None:
            raise UserError(
                f"Port {wanted} for {server} is already in use; stop what uses it, "
                f"or change or unset CUSTOMER_ANALYZER_{server.upper()}_PORT."
            )
        port = free_port(set(remembered.values()))
    write_private(home.ports, json.dumps(remembered | {server: port}, indent=2) + "\n")
    return port


def remembered_port(home: Home, server: str) -> int | None:
    """The port on which a server of this home listens, or listened last; None if it never did."""
    port = read_json(home.ports).get(server)
    return port if isinstance(port, int) else None


def is_free(port: int) -> bool:
    """Whether a server could listen on this loopback port now."""
    with socket.socket() as probe:
        # The servers set this option too: a port whose last connections are in TIME_WAIT counts as free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def free_port(avoided: Collection[int] = ()) -> int:
    """A loopback port on which nothing listens, and which is none of some others. Raises PlatformError."""
    for _ in range(100):
        with socket.socket() as probe:
            probe.bind((LOOPBACK, 0))
            port = int(probe.getsockname()[1])
        if port not in avoided:
            return port
    raise PlatformError(f"No free port was found on {LOOPBACK}; set the CUSTOMER_ANALYZER_*_PORT variables.")
