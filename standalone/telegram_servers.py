"""The bot, the sender of campaigns, and the double that is Telegram where no token of a real bot is set.

Belongs here: where Telegram is for this home, and the command line of both. Does not belong here: what they do (`bot`,
`telegram_double`), and the other servers (`servers`).
"""

import secrets
import sys
from dataclasses import dataclass, field
from pathlib import Path

from core.home import LOOPBACK, choose_port, remembered_port, write_private
from standalone.local_key import ensure_bot_key
from standalone.processes import Command
from standalone.programs import bot_program, sender_program
from standalone.stack import Platform

TELEGRAM_URL = "https://api.telegram.org"

_NO_WAREHOUSE = dict.fromkeys(
    ("DATABASE_URL", "DBT_ENV_SECRET_PASSWORD", "PGPASSFILE", "PGPASSWORD", "WAREHOUSE_URL", "DAGSTER_PG_URL"), ""
)
"""How to reach the warehouse is none of these processes' business."""


@dataclass(frozen=True)
class Telegram:
    """Where the Bot API is, and the bot's token there."""

    url: str
    token: str = field(repr=False)
    is_double: bool

    @property
    def environment(self) -> dict[str, str]:
        """The variables by which a process finds it."""
        return {"TELEGRAM_BOT_TOKEN": self.token, "TELEGRAM_API_URL": self.url}


def telegram_of(platform: Platform) -> Telegram:
    """Telegram itself where TELEGRAM_BOT_TOKEN is set, else the double of this home, whether or not it runs already."""
    token = platform.settings.telegram_bot_token
    if token is not None:
        return Telegram(TELEGRAM_URL, token.get_secret_value(), is_double=False)
    home, wanted = platform.home, platform.settings.ports["telegram"]
    port = wanted or remembered_port(home, "telegram") or choose_port(home, "telegram", None)
    return Telegram(f"http://{LOOPBACK}:{port}", _double_token(home.double_token), is_double=True)


def telegram_servers(platform: Platform) -> list[Command]:
    """The double, where there is no Telegram. It comes first, because the bot needs it to start."""
    telegram = telegram_of(platform)
    if not telegram.is_double:
        return []
    home = platform.home
    port = choose_port(home, "telegram", platform.settings.ports["telegram"])
    return [
        Command(
            "telegram",
            [
                str(Path(sys.executable).with_name("uvicorn")),
                "--factory",
                "telegram_double.app:create_app",
                f"--host={LOOPBACK}",
                f"--port={port}",
                "--no-access-log",
                "--no-server-header",
                "--log-level=warning",
                # Whoever watches the page waits for an answer when it stops.
                "--timeout-graceful-shutdown=1",
            ],
            home.logs / "telegram.log",
            port,
            "/",
            environment={
                "TELEGRAM_BOT_TOKEN": telegram.token,
                "TELEGRAM_DOUBLE_USERS_FILE": str(home.double_users),
                **_NO_WAREHOUSE,
            },
            directory=home.root,
            is_foreign=True,
        )
    ]


def bot_server(platform: Platform, api_url: str) -> Command:
    """The bot. It polls; a bot whose updates are posted to the API is started by those who made it public."""
    ensure_bot_key(platform)
    return Command(
        "bot",
        bot_program(),
        platform.home.logs / "bot.log",
        environment={
            **telegram_of(platform).environment,
            "BOT_API_URL": api_url,
            "BOT_API_KEY_FILE": str(platform.home.bot_key),
            **_NO_WAREHOUSE,
        },
        directory=platform.home.root,
    )


def sender_server(platform: Platform) -> Command:
    """The sender of campaigns, with the backend's login. More of them may run elsewhere."""
    home = platform.home
    return Command(
        "sender",
        sender_program(),
        home.logs / "sender.log",
        environment={
            **telegram_of(platform).environment,
            "WAREHOUSE_URL": platform.backend_url,
            # The pipeline's, which is none of the sender's business.
            "DBT_ENV_SECRET_PASSWORD": "",
        },
        directory=home.root,
    )


def _double_token(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        token = f"1000000001:{secrets.token_urlsafe(26)}"
        write_private(path, f"{token}\n")
        return token
