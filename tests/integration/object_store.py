"""An S3 server for tests: SeaweedFS, on this machine, with one bucket and one key."""

import json
import os
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from core.home import LOOPBACK
from standalone.processes import Command, start, stop

BUCKET = "models"
_READY_SECONDS = 120.0
_PORTS = ("master", "master.port.grpc", "volume", "volume.port.grpc", "filer", "filer.port.grpc", "s3", "s3.port.grpc")
_CLOSED_PORTS = ("s3.port.iceberg", "s3.port.lance")


@dataclass(frozen=True)
class ObjectStore:
    """A server that runs. `environment` tells boto3, and so MLflow and the services, where it is and how to enter."""

    environment: dict[str, str]

    def client(self, secret: str | None = None) -> Any:
        """A client of it, with the right secret or another."""
        return boto3.client(
            "s3",
            endpoint_url=self.environment["AWS_ENDPOINT_URL"],
            aws_access_key_id=self.environment["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=secret or self.environment["AWS_SECRET_ACCESS_KEY"],
            region_name=self.environment["AWS_DEFAULT_REGION"],
            config=Config(connect_timeout=1, read_timeout=10, retries={"total_max_attempts": 1}),
        )


@contextmanager
def object_store(folder: Path) -> Iterator[ObjectStore]:
    """The server of a folder while the block lasts; what was stored before is there again, at the same address."""
    (folder / "data").mkdir(parents=True, exist_ok=True)
    identity = {
        "name": "test",
        "credentials": [{"accessKey": "test-key", "secretKey": "test-secret"}],
        "actions": ["Admin", "Read", "Write", "List", "Tagging"],
    }
    (folder / "identities.json").write_text(json.dumps({"identities": [identity]}))
    ports = _ports()
    program = [str(Path(sys.executable).with_name("weed")), "-logtostderr", "server", "-filer", "-s3"]
    options = [f"-dir={folder / 'data'}", f"-ip={LOOPBACK}", f"-ip.bind={LOOPBACK}", "-volume.max=10"]
    options += ["-master.volumeSizeLimitMB=64", f"-s3.config={folder / 'identities.json'}"]
    options += [f"-{name}={port}" for name, port in ports.items()]
    store = ObjectStore(
        {
            "AWS_ENDPOINT_URL": f"http://{LOOPBACK}:{ports['s3.port']}",
            "AWS_ACCESS_KEY_ID": "test-key",
            "AWS_SECRET_ACCESS_KEY": "test-secret",
            "AWS_DEFAULT_REGION": "us-east-1",
            # Credentials of whoever runs the tests are for other stores.
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "NO_PROXY": LOOPBACK,
        }
    )
    child = start(Command("object store", [*program, *options], folder / "log", directory=folder))
    try:
        _make_bucket(store)
        yield store
    finally:
        stop([child])


def _make_bucket(store: ObjectStore) -> None:
    client = store.client()
    deadline = time.monotonic() + _READY_SECONDS
    while True:
        try:
            known = {bucket["Name"] for bucket in client.list_buckets()["Buckets"]}
            if BUCKET not in known:
                client.create_bucket(Bucket=BUCKET)
        except (BotoCoreError, ClientError):
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)
        else:
            return


@cache
def _ports() -> dict[str, int]:
    """The same for all servers of a process, as MLflow keeps its client of an earlier one for minutes."""
    ports = {name if "." in name else f"{name}.port": _free_port() for name in _PORTS}
    return ports | dict.fromkeys(_CLOSED_PORTS, 0)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])
