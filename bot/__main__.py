"""What `python -m bot` runs: one bot, until it is told to stop."""

import asyncio
import logging
import signal
import warnings

from telegram import Bot
from telegram.error import InvalidToken, TelegramError
from telegram.request import HTTPXRequest
from telegram.warnings import PTBUserWarning

from bot.api import Api
from bot.inbox import answer_feedback
from bot.languages import Languages
from bot.routing import COMMANDS, Handler
from bot.settings import BotSettings
from bot.texts import LANGUAGES, text
from bot.updates import PAUSE_SECONDS, poll, take
from core.logs import configure_logging
from core.tracing import Tracing

logger = logging.getLogger("bot")

WRONG_TOKEN_SECONDS = 60.0
_STOP = (signal.SIGTERM, signal.SIGINT)


async def run(settings: BotSettings) -> None:
    """Answers updates until SIGTERM or SIGINT. Raises what ends a loop, such as a token that Telegram does not know."""
    key = settings.api_key_file.read_text(encoding="utf-8").strip()
    bot = Bot(
        settings.token.get_secret_value(),
        base_url=f"{settings.telegram_url}/bot",
        base_file_url=f"{settings.telegram_url}/file/bot",
        request=_requests(settings.concurrent_updates, settings),
        get_updates_request=_requests(2, settings),
    )
    await _known(bot)
    tracing = Tracing("bot", settings.trace_endpoint)
    async with bot, Api(settings.api_url, key, settings.api_timeout_seconds, headers=tracing.headers) as api:
        handler = Handler(bot, api, Languages(api), tracing)
        loops = [
            asyncio.create_task(take(api, handler.handle, settings.concurrent_updates)),
            asyncio.create_task(answer_feedback(bot, api)),
        ]
        if settings.updates == "polling":
            loops.append(asyncio.create_task(poll(bot, api, handler.apologise)))
        for each in _STOP:
            asyncio.get_running_loop().add_signal_handler(each, lambda: [loop.cancel() for loop in loops])
        done, pending = await asyncio.wait(loops, return_when=asyncio.FIRST_COMPLETED)
        for loop in pending:
            loop.cancel()
        for loop in done:
            if not loop.cancelled():
                loop.result()
    tracing.close()


async def _known(bot: Bot) -> None:
    """Returns when Telegram has answered who the bot is. Waits for Telegram as long as it is away."""
    while True:
        try:
            await bot.initialize()
            await offer_commands(bot)
        except InvalidToken:
            logger.error("Telegram knows no bot with this token: set TELEGRAM_BOT_TOKEN")  # noqa: TRY400
            await asyncio.sleep(WRONG_TOKEN_SECONDS)
        except TelegramError as error:
            logger.warning("Telegram does not answer: %s", error)
            await asyncio.sleep(PAUSE_SECONDS)
        else:
            return


async def offer_commands(bot: Bot) -> None:
    """Tells Telegram's clients which commands there are, in each language; English where there is none."""
    for language in LANGUAGES:
        commands = [(name, text(language, f"menu.{name}")) for name in COMMANDS]
        await bot.set_my_commands(commands, language_code="" if language == "en" else language)


def _requests(connections: int, settings: BotSettings) -> HTTPXRequest:
    is_double = settings.telegram_url.startswith("http://127.0.0.1")
    # No proxy leads to this machine's own double.
    return HTTPXRequest(connections, httpx_kwargs={"trust_env": not is_double})


def main() -> None:
    """Reads the environment, and runs."""
    settings = BotSettings()
    configure_logging("bot", settings.log_level)
    # It would have updates fetched in a way that loses what the library does not know.
    warnings.filterwarnings("ignore", message="Please use 'Bot.getUpdates'", category=PTBUserWarning)
    asyncio.run(run(settings))


if __name__ == "__main__":
    main()
