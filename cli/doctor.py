"""`customer-analyzer doctor`: whether this installation is as closed as its defaults."""

import json

import typer

from cli.options import AsJson


def doctor(as_json: AsJson = False) -> None:
    """Check listeners, file modes, telemetry, passwords, rights and the way to Postgres; 1 where something is open."""
    from cli.session import open_session
    from standalone.doctor import examine

    with open_session() as session:
        findings = examine(session.platform)
    if as_json:
        typer.echo(json.dumps([{"check": each.check, "fault": each.fault or None} for each in findings]))
    else:
        for each in findings:
            typer.echo(f"{'OPEN' if each.fault else 'ok  '}  {each.check}{f': {each.fault}' if each.fault else ''}")
    if any(each.fault for each in findings):
        raise typer.Exit(1)
