"""What services are told to run: `ml.deployments`, one row for each time a version was deployed.

Belongs here: SQL on that table. Does not: deploying (`registry.deployment`), loading what a row names
(`serving.deployment_watcher`).
"""

from dataclasses import dataclass

from warehouse.database import Statement, first_row, rows, value


@dataclass(frozen=True)
class DeploymentRow:
    """The newest deployment of a model."""

    deployment_id: int
    model_version: int
    digest: str
    artifact_uri: str
    bento_tag: str


def newest_deployment(model: str) -> Statement[DeploymentRow | None]:
    """What the services of this model were last told to run."""
    return first_row(
        DeploymentRow,
        "select deployment_id, model_version, digest, artifact_uri, bento_tag from ml.deployments"
        " where model = %(model)s order by deployment_id desc limit 1",
        model=model,
    )


def deployed_bentos() -> Statement[list[tuple[str, str]]]:
    """Every model and Bento tag that was ever deployed, the newest last."""
    return rows(
        lambda model, bento_tag: (str(model), str(bento_tag)),
        "select model, bento_tag from ml.deployments group by model, bento_tag order by max(deployment_id)",
    )


def record_deployment(
    model: str, model_version: int, digest: str, artifact_uri: str, bento_tag: str, deployed_by: str
) -> Statement[int]:
    """Tells the services of a model which version to run; they pick it up by themselves. Answers with the row's id."""
    return value(
        int,
        "insert into ml.deployments (model, model_version, digest, artifact_uri, bento_tag, deployed_by)"
        " values (%(model)s, %(model_version)s, %(digest)s, %(artifact_uri)s, %(bento_tag)s, %(deployed_by)s)"
        " returning deployment_id",
        model=model,
        model_version=model_version,
        digest=digest,
        artifact_uri=artifact_uri,
        bento_tag=bento_tag,
        deployed_by=deployed_by,
    )
