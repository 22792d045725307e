"""The platform around the models: Dagster, the embedded Postgres, MLflow, the command line.

Nothing here learns from data (that is `ml`), does arithmetic on rows (that is `dbt_project`) or answers HTTP
(that is `serving`); this package moves results between them.
"""
