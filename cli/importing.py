"""`events import`: its options, its progress bar, and what it tells in the end.

Belongs here: options and printing. Does not: importing (`ingestion`).
"""

import json
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TaskProgressColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from cli.options import AsJson
from core.settings import read_settings
from data_contracts.times import DateOrder
from standalone.stack import running_platform

if TYPE_CHECKING:
    from data_contracts.numbers import DecimalSign
    from ingestion import ImportResult, Profile


def import_files(
    files: Annotated[
        list[Path],
        typer.Argument(
            metavar="FILE...",
            help="Parquet, CSV, JSON lines or a JSON array; text also packed as .gz, .zip or .zst. A folder means all"
            " files in it, and - what is piped in.",
        ),
    ],
    mapping: Annotated[
        list[str] | None,
        typer.Option(
            "--map",
            metavar="COLUMN=SOURCE",
            help="Where an event column comes from: order_id=properties.invoice; two columns: occurred_at=date+time; a"
            " constant: event_type=\"'purchase'\"; nowhere: source=-; or what a word means:"
            " event_type:transaction=purchase. May be repeated.",
        ),
    ] = None,
    like: Annotated[
        str | None,
        typer.Option(
            metavar="PROFILE",
            help="What wrote the files: shopify, woocommerce, stripe, ga4, segment, amplitude, mixpanel, telegram, or a"
            " .yaml file of your own.",
        ),
    ] = None,
    time_zone: Annotated[
        str | None, typer.Option(metavar="ZONE", help="The zone of times without one, such as Europe/Moscow.")
    ] = None,
    date_order: Annotated[
        DateOrder | None, typer.Option(help="How to read 03/04/2025 where no date of the file tells.")
    ] = None,
    decimal: Annotated[str | None, typer.Option(metavar="SIGN", help="The decimal sign of numbers: . or ,")] = None,
    minor_units: Annotated[
        bool, typer.Option("--minor-units", help="Amounts are whole cents, or the smallest unit of their currency.")
    ] = False,
    encoding: Annotated[
        str | None, typer.Option(metavar="NAME", help="The encoding of text that is not UTF-8, such as windows-1251.")
    ] = None,
    records: Annotated[
        str | None, typer.Option(metavar="NAME", help="Where the array of events is inside of one JSON object.")
    ] = None,
    key: Annotated[
        str | None, typer.Option(metavar="COLUMNS", help="What tells one row from another, such as order_id,item_id.")
    ] = None,
    lower_emails: Annotated[
        bool, typer.Option("--lower-emails", help="Capitals in user ids that are e-mail addresses mean nothing.")
    ] = False,
    even_if_known: Annotated[
        bool, typer.Option("--even-if-known", help="Import events that seem to be stored under other ids.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Import files of events. Importing again changes nothing; bad rows go to quarantine with the reason."""
    from ingestion import demand_good_rows, parse_mapping
    from ingestion.given_files import given_files
    from ingestion.profile_files import read_profile

    profile = parse_mapping(mapping or [], read_profile(like) if like else None)
    profile = replace(
        profile,
        time_zone=time_zone or profile.time_zone,
        date_order=date_order or profile.date_order,
        decimal=_decimal_sign(decimal) or profile.decimal,
        is_minor=minor_units or profile.is_minor,
        encoding=encoding or profile.encoding,
        records=records or profile.records,
        key=tuple(name.strip() for name in key.split(",")) if key else profile.key,
        is_lower_emails=lower_emails or profile.is_lower_emails,
    )
    with (
        running_platform(read_settings()) as platform,
        given_files(files, sys.stdin.buffer, platform.home.root) as found,
    ):
        results = import_with_progress(platform.warehouse_url, found, profile, even_if_known=even_if_known)
    if as_json:
        typer.echo(json.dumps([_as_dict(result) for result in results]))
    else:
        show_import(Console(), results)
    demand_good_rows(results)


def guess_file(
    file: Annotated[
        Path,
        typer.Argument(
            help="A file of events that nobody described; a folder means its first, and - what is piped in."
        ),
    ],
    to: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Where the profile goes. [default: FILE.profile.yaml]")
    ] = None,
) -> None:
    """Propose a profile for a file, show its first rows as they would be stored, and write it for you to edit."""
    from data_contracts.contract import read_contract
    from ingestion.given_files import given_files
    from ingestion.guessing import guess
    from ingestion.profile_files import write_profile

    with given_files([file], sys.stdin.buffer) as (first, *_):
        found = guess(first, read_contract())
        # What is piped in has no folder of its own.
        target = to or (first if first.is_relative_to(file) else Path(first.name)).with_name(
            f"{first.name}.profile.yaml"
        )
    write_profile(found.profile, target)
    table = Table(box=None, pad_edge=False, header_style="bold")
    columns = ("user_id", "event_type", "occurred_at", "order_id", "item_id", "amount", "currency")
    for name in columns:
        table.add_column(name)
    for row in found.events.head(5).select(columns).iter_rows():
        table.add_row(*("" if value is None else str(value) for value in row))
    console = Console()
    console.print(table)
    if found.refused:
        console.print(
            f"{found.refused:,} of the first rows would be refused: {'; '.join(found.reasons)}",
            markup=False,
            highlight=False,
        )
    console.print(f"The profile is in {target}; edit it, then: events import {file} --like {target}", soft_wrap=True)


def _decimal_sign(text: str | None) -> "DecimalSign | None":
    from core.errors import UserError
    from data_contracts.numbers import DecimalSign

    if text is None:
        return None
    if text not in (DecimalSign.POINT, DecimalSign.COMMA):
        raise UserError(f"--decimal {text} is neither . nor ,")
    return DecimalSign(text)


def import_with_progress(
    url: str, files: Sequence[Path], profile: "Profile", *, even_if_known: bool = False
) -> list["ImportResult"]:
    """Imports files and shows a progress bar on standard error. Raises what `import_files` raises."""
    from ingestion import Progress as ImportProgress
    from ingestion import importing

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[rows]:,} rows"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=Console(stderr=True)) as bar:
        tasks: dict[Path, TaskID] = {}

        def show(progress: ImportProgress) -> None:
            # A file gets its bar with its first rows, so that a refused file shows only its error.
            file = progress.result.file
            if file not in tasks:
                tasks[file] = bar.add_task(file.name, total=1.0, rows=0)
            bar.update(tasks[file], completed=progress.fraction, rows=progress.result.read)

        return importing.import_files(url, files, profile=profile, even_if_known=even_if_known, progress=show)


def show_import(console: Console, results: Sequence["ImportResult"]) -> None:
    """Prints what became of each file's rows, why some were refused, and what else is worth a sentence."""
    from ingestion.results import commonest, lines_sentence

    console.print(import_table(results))
    for result in results:
        if result.lines:
            console.print(f"{result.file.name}: {lines_sentence(result)}", markup=False, highlight=False)
        if result.reasons:
            console.print(f"{result.file.name}: refused {commonest(result)}", markup=False, highlight=False)
            reason = max(result.reasons, key=result.reasons.__getitem__)
            console.print(f"  for example {result.examples[reason][:300]}", markup=False, highlight=False)
        for note in result.notes:
            console.print(f"{result.file.name}: {note}", markup=False, highlight=False)


def import_table(results: Sequence["ImportResult"]) -> Table:
    """The number of rows of each file that were stored, known, quarantined, and so on."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("file")
    for column in ("read", "stored", "already known", "quarantined", "of these conflicting", "erased"):
        table.add_column(column, justify="right")
    for result in results:
        counts = (
            result.read,
            result.stored,
            result.known,
            result.quarantined,
            result.conflicting,
            result.erased,
        )
        table.add_row(result.file.name, *(f"{count:,}" for count in counts))
    return table


def _as_dict(result: "ImportResult") -> dict[str, object]:
    return {
        "file": str(result.file),
        "read": result.read,
        "stored": result.stored,
        "known": result.known,
        "quarantined": result.quarantined,
        "conflicting": result.conflicting,
        "erased": result.erased,
        "reasons": dict(result.reasons),
        "notes": list(result.notes),
    }
