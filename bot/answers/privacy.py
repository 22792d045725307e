"""/privacy: all that is held about the user as a file, or erased. Erasing is confirmed first."""

import asyncio

from bot.turn import Turn, keyboard

EXPORT_SECONDS = 90.0
"""How long the bot waits for an export; most take a second."""
_LOOK_SECONDS = 1.0


async def explain(turn: Turn, _rest: str) -> None:
    """What can be done."""
    buttons = keyboard(
        [(turn.text("privacy.export"), "privacy:export")], [(turn.text("privacy.erase"), "privacy:erase")]
    )
    await turn.reply(turn.text("privacy.title"), buttons, text_kind="privacy")


async def act(turn: Turn, wish: str) -> None:
    """Does what a button says."""
    if wish == "export":
        await _export(turn)
    elif wish == "erase":
        buttons = keyboard(
            [(turn.text("privacy.yes"), "privacy:yes")],
            [(turn.text("privacy.no"), "privacy:no")],
        )
        await turn.change(turn.text("privacy.sure"), buttons, text_kind="privacy")
    elif wish == "yes":
        await turn.api.ask_for_erasure(turn.user_id)
        turn.languages.forget(turn.user_id)
        await turn.change(turn.text("privacy.erased"), text_kind="privacy")
    else:
        await turn.change(turn.text("privacy.kept"), text_kind="privacy")


async def _export(turn: Turn) -> None:
    job_id = await turn.api.ask_for_export(turn.user_id)
    await turn.change(turn.text("privacy.preparing"), text_kind="privacy")
    until = asyncio.get_running_loop().time() + EXPORT_SECONDS
    while (content := await turn.api.export(job_id)) is None:
        if asyncio.get_running_loop().time() > until:
            await turn.reply(turn.text("privacy.later"), text_kind="privacy")
            return
        await asyncio.sleep(_LOOK_SECONDS)
    await turn.send_file("my-data.json", content, turn.text("privacy.file"), text_kind="export")
