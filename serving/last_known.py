"""What the warehouse last said, kept on disk for a service that starts while it is away.

Belongs here: one small file for each thing to remember, that only its owner could have written. Does not belong here:
what is remembered, or what is made of it (`key_ring.py`, `deployment_watcher.py`).
"""

import contextlib
import json
import logging
import os
import secrets
import stat
from hashlib import sha256
from typing import Any

from serving.settings import ServingSettings

logger = logging.getLogger("serving.last_known")


class LastKnown:
    """The files of one warehouse: what another one said, be it of the same name, is never believed.

    Failing to remember or recall is logged and changes nothing else. Workers of a service share a file and write the
    same into it.
    """

    def __init__(self, settings: ServingSettings) -> None:
        warehouse = settings.warehouse_url.get_secret_value().encode()
        self._folder = settings.state_folder / sha256(warehouse).hexdigest()[:16]
        self._remembered: dict[str, object] = {}

    def remember(self, name: str, value: object) -> None:
        """Keeps a value that JSON can hold, whole or not at all; costs nothing where it is the same as last time."""
        if self._remembered.get(name) == value:
            return
        part = self._folder / f".{name}.{secrets.token_hex(4)}"
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
                json.dump(value, file)
            part.replace(self._folder / f"{name}.json")
        except OSError as error:
            with contextlib.suppress(OSError):
                part.unlink()
            logger.warning("%s cannot be kept for a start without the warehouse: %s", name, error.strerror)
        else:
            self._remembered[name] = value

    def recall(self, name: str) -> Any:
        """What was kept, or None; a file that somebody else owns or may write to is not believed."""
        path = self._folder / f"{name}.json"
        try:
            # No link is followed: whoever may lay one here must not choose what is read.
            with os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW), encoding="utf-8") as file:
                status = os.fstat(file.fileno())
                if status.st_uid != os.geteuid() or stat.S_IMODE(status.st_mode) & 0o077:
                    logger.error("%s is not read: it must be this user's alone (mode 0600)", path)
                    return None
                return json.load(file)
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as error:
            logger.warning("%s cannot be read: %s", path, type(error).__name__)
            return None
