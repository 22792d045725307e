"""The backend API: the one HTTP address that bots, shops and dashboards talk to.

A feature is a folder: `endpoints.py` translates HTTP, `service.py` decides, `store.py` speaks SQL (what other rooms
need too is in `warehouse`), `schemas.py` says what a request and an answer look like. Beside the folders is what all of
them share: the application, the error tree, the pool. Does not belong here: models, dbt, and how a process is started
(`standalone`).
"""
