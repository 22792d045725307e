"""Postgres: databases, migrations, locks, and one store for each subject.

Does not belong here: Dagster, BentoML, MLflow, HTTP, or arithmetic on rows (`dbt_project`).
"""
