"""From an update to the bot's answer, part by part, beside a minimal bot that stores a row and answers.

python -m benchmarks.bot_answers [--rate 20] [--seconds 20]

The double of Telegram, the API and the bot are real processes; models are not asked, because there are none. People
write `/start` at the given rate, each from a chat of their own. The time is from the moment a person writes to the
moment the double accepts the answer. The minimal bot polls the same double, inserts one row and answers one update
after the other, without an API, in the benchmark's own process.
"""

import argparse
import asyncio
import json
import statistics
import time
from dataclasses import replace
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx
import psycopg

from core.settings import Settings
from standalone.fleet import Fleet
from standalone.processes import stop
from standalone.servers import api_server
from standalone.stack import Platform, running_platform
from standalone.telegram_servers import Telegram, bot_server, telegram_of, telegram_servers

_IDS = count(900_001)
_PATIENCE_SECONDS = 20.0
_PARTS = ("api_milliseconds", "telegram_milliseconds", "slot_milliseconds", "own_milliseconds")


def main() -> None:
    """Measures both in one run and prints a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rate", type=float, default=20.0)
    parser.add_argument("--seconds", type=float, default=20.0)
    asked = parser.parse_args()
    with (
        TemporaryDirectory(prefix="benchmark-") as scratch,
        running_platform(Settings(home=Path(scratch) / "home", database_url=None)) as platform,
        Fleet() as fleet,
    ):
        platform.home.service_key.write_text("none\n", encoding="utf-8")
        api = api_server(platform)
        # Asking models that do not run would cost a second try each time.
        api = replace(api, environment={**api.environment, "BACKEND_SERVICES": "{}"})
        (double,) = telegram_servers(platform)
        unlimited = {"TELEGRAM_DOUBLE_PER_SECOND": "0", "TELEGRAM_DOUBLE_PER_CHAT_SECOND": "0"}
        fleet.start([replace(double, environment={**double.environment, **unlimited}), api])
        telegram = telegram_of(platform)
        minimal = asyncio.run(_beside_minimal_bot(platform, telegram, asked.rate, asked.seconds))
        bot = bot_server(platform, str(api.address))
        fleet.start([bot])
        asyncio.run(_wave(telegram, 5, 3))
        before = bot.log.stat().st_size
        ours = asyncio.run(_wave(telegram, asked.rate, asked.seconds))
        stop([child for child in fleet.children if child.command.name == "bot"])
        parts = _parts(bot.log, before)
    print("| | median, ms | 95 % within, ms |")
    print("| --- | --- | --- |")
    for name, seconds in (("minimal bot, update to answer", minimal), ("bot, update to answer", ours)):
        _print(name, [1000 * each for each in seconds])
    for name in _PARTS:
        _print(f"of it: {name.removesuffix('_milliseconds')}", parts[name])


async def _wave(telegram: Telegram, rate: float, seconds: float) -> list[float]:
    """The seconds from each `/start` to its answer."""
    async with httpx.AsyncClient(base_url=telegram.url, trust_env=False, timeout=30) as page:
        chats = [next(_IDS) for _ in range(round(rate * seconds))]
        await page.post("/double/users", json={"first_id": chats[0], "count": len(chats)})
        wrote: dict[int, float] = {}

        async def write(chat_id: int, delay: float) -> None:
            await asyncio.sleep(delay)
            wrote[chat_id] = time.time()
            await page.post("/double/write", json={"user_id": chat_id, "text": "/start"})

        await asyncio.gather(*(write(chat_id, place / rate) for place, chat_id in enumerate(chats)))
        until = time.monotonic() + _PATIENCE_SECONDS
        while True:
            answered = {each["chat_id"]: each["at"] for each in (await page.get("/double/sends")).json()}
            if wrote.keys() <= answered.keys() or time.monotonic() > until:
                return [answered[chat_id] - at for chat_id, at in wrote.items()]
            await asyncio.sleep(0.2)


async def _beside_minimal_bot(platform: Platform, telegram: Telegram, rate: float, seconds: float) -> list[float]:
    with psycopg.connect(platform.warehouse_url, autocommit=True) as connection:
        connection.execute("create table raw.minimal_bot (update_id bigint primary key, update jsonb)")
    minimal = asyncio.create_task(_minimal_bot(platform, telegram))
    try:
        return await _wave(telegram, rate, seconds)
    finally:
        minimal.cancel()


async def _minimal_bot(platform: Platform, telegram: Telegram) -> None:
    base = f"{telegram.url}/bot{telegram.token}"
    offset = 0
    connection = await psycopg.AsyncConnection.connect(platform.warehouse_url, autocommit=True)
    async with connection, httpx.AsyncClient(base_url=base, trust_env=False, timeout=60) as client:
        while True:
            found = (await client.post("/getUpdates", json={"offset": offset, "timeout": 25})).json()["result"]
            for update in found:
                offset = update["update_id"] + 1
                await connection.execute(
                    "insert into raw.minimal_bot values (%s, %s)", [update["update_id"], json.dumps(update)]
                )
                chat_id = update["message"]["chat"]["id"]
                await client.post("/sendMessage", json={"chat_id": chat_id, "text": "Hello!"})


def _parts(log: Path, begin: int) -> dict[str, list[float]]:
    """What the bot's log says of each answer."""
    lines = log.read_bytes()[begin:].decode().splitlines()
    found = [line for line in map(json.loads, filter(lambda line: line.startswith("{"), lines)) if _PARTS[-1] in line]
    return {name: [float(line.get(name, 0.0)) for line in found] for name in _PARTS}


def _print(name: str, milliseconds: list[float]) -> None:
    print(f"| {name} | {statistics.median(milliseconds):.1f} | {statistics.quantiles(milliseconds, n=20)[-1]:.1f} |")


if __name__ == "__main__":
    main()
