"""What every process needs: settings, named errors, JSON logs, request ids, problem details, paths of the home.

Does not belong here: anything that knows Postgres, Dagster or a model.
"""
