"""`customer-analyzer migrate`: what a deployment does first, with the login that owns the databases."""

import typer


def migrate() -> None:
    """Prepare databases, schema, roles and logins, Dagster's and MLflow's tables, and given keys.

    DATABASE_URL is the server as its administrator reaches it. Logins whose password is given
    (CUSTOMER_ANALYZER_PIPELINE_PASSWORD, _SERVING_, _BACKEND_, _MONITORING_, each also as _FILE) are made with it.
    Running it again changes nothing.
    """
    from dagster import DagsterInstance

    from cli.session import open_session
    from ml.kinds import model_kinds
    from standalone.local_key import store_given_keys

    with open_session() as session:
        if session.platform.access.problem:
            typer.echo(session.platform.access.problem)
        with DagsterInstance.get():
            typer.echo("Dagster's tables are there.")
        for kind in model_kinds():
            session.registry.aliases(kind.name)
        typer.echo("MLflow's tables are there.")
        for name in store_given_keys(session.platform):
            typer.echo(f"The key of {name} is stored.")
    typer.echo("The databases are ready.")
