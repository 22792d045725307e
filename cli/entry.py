"""The entry point: finds and runs the command, and turns every error into one sentence."""

import importlib
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import typer
from typer.core import TyperGroup


@dataclass(frozen=True)
class Entry:
    """The module and attribute of a command, and its line in the list of commands."""

    module: str
    attribute: str
    help: str


COMMANDS = {
    "up": Entry(
        "platform", "up", "Start the platform: API, dashboard, bot, MLflow, Dagster, services. Ctrl-C stops all."
    ),
    "serve": Entry("serve", "app", "One server in this process, for containers: api, worker, service, dagster, ..."),
    "secrets": Entry("secrets", "app", "Secrets: make those of a deployment, replace them while everything runs."),
    "doctor": Entry("doctor", "doctor", "Check that this installation is as closed as its defaults."),
    "migrate": Entry("migrate", "migrate", "Prepare databases, roles and given keys: the first step of a deployment."),
    "down": Entry("platform", "down", "Stop what `up` started in another terminal."),
    "restart": Entry("platform", "restart", "Restart the API's replicas one after another, without a failed request."),
    "status": Entry("platform", "status", "Show what runs and where, the last events, the champions."),
    "events": Entry("events", "app", "Events in and out: import files, simulate a shop, archive old months."),
    "lake": Entry("lake", "app", "The lake: events to Iceberg tables and back, what is in it, its upkeep."),
    "users": Entry("users", "app", "One user: export or erase their data, merge two ids."),
    "run": Entry("run", "run", "Run everything once, for one day: marts, models, scores, drift, deployments."),
    "marts": Entry("marts", "app", "Features and labels of past days."),
    "scores": Entry("scores", "app", "Batch scores of every user."),
    "models": Entry("models", "app", "The model registry: list, compare, promote and roll back."),
    "keys": Entry("keys", "app", "Which machines may call the API and the services: create, list and revoke keys."),
    "accounts": Entry("accounts", "app", "Who may sign in to the API: make the first admin, list, disable, reset."),
    "logs": Entry("logs", "app", "The log of all processes: search it by words, service, level and time."),
    "audit": Entry("audit", "app", "The log of who changed what: verify it, drop what is too old."),
    "campaigns": Entry("campaigns", "app", "Messages to many: make, preview, approve, start, pause, follow."),
    "experiments": Entry("experiments", "app", "Experiments: plan one, see what was learned, hold users out of all."),
    "policy": Entry("policy", "app", "Whom to treat: learned from campaigns, judged, used only if better than chance."),
    "feedback": Entry("feedback", "app", "What users say through the bot: list it, answer it."),
    "replica": Entry("replica", "app", "The replica of Postgres: promote it, and put it in the primary's place."),
    "backup": Entry("backups", "app", "Backups: create, list, verify, and restore to any moment."),
    "predict": Entry("predict", "predict", "Ask the running service of a model."),
    "recommend": Entry("recommend", "recommend", "Ask the running API what to offer a user."),
    "demo": Entry(
        "demo", "demo", "Run the whole pipeline once on real data, from a file of events to answers over HTTP."
    ),
}


class LazyGroup(TyperGroup):
    """A group that imports a command only when it is called. The list of commands needs no imports."""

    def list_commands(self, _ctx: Any) -> list[str]:
        return list(COMMANDS)

    def get_command(self, _ctx: Any, cmd_name: str) -> Any:
        entry = COMMANDS.get(cmd_name)
        return None if entry is None else _stub_command(cmd_name, entry)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        name, command, rest = super().resolve_command(ctx, args)
        return name, command if name is None else load(name), rest


def _stub_command(name: str, entry: Entry) -> Any:
    stand_in = typer.Typer(add_completion=False)
    stand_in.command(name, help=entry.help)(_placeholder)
    return typer.main.get_command(stand_in)


def _placeholder() -> None:
    """The body of a command that only appears in the list; it is never called."""


def load(name: str) -> Any:
    """Imports a command. A module offers either a group of commands or one function."""
    entry = COMMANDS[name]
    found: typer.Typer | Callable[..., None] = getattr(importlib.import_module(f"cli.{entry.module}"), entry.attribute)
    around = typer.Typer(add_completion=False)
    if isinstance(found, typer.Typer):
        around.add_typer(found, name=name)
    else:
        around.command(name)(found)
        # Typer would turn a group with one command into that command.
        around.callback()(_placeholder)
    group = typer.main.get_command(around)
    return group.get_command(typer.Context(group), name)  # type: ignore[attr-defined]


app = typer.Typer(
    cls=LazyGroup,
    no_args_is_help=True,
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback()
def options(
    _debug: Annotated[bool, typer.Option("--debug", help="Show where in the program an error happened.")] = False,
) -> None:
    """Segments, purchase and churn predictions from the events of a shop."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs the command line and ends the process: 0 done, 1 failed, 2 wrong input, 130 stopped by Ctrl-C."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    before_end = given[: given.index("--")] if "--" in given else given
    is_debugging = "--debug" in before_end
    # --debug is accepted anywhere, because people append it to the command that failed.
    given = (["--debug"] if is_debugging else []) + [
        argument for place, argument in enumerate(given) if argument != "--debug" or place >= len(before_end)
    ]
    try:
        typer.main.get_command(app)(given, prog_name="customer-analyzer")
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:
        # The reader of our output has closed it (`| head`), so nothing more can be printed.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except Exception as error:
        if is_debugging:
            raise
        # Imported here because it imports every kind of error, which is slow.
        from cli.failures import explain

        failure = explain(error)
        sys.stderr.write(f"{failure.sentence}\n")
        sys.exit(failure.exit_code)
