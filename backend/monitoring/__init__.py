"""The exporter: what Prometheus is told of the pipeline, queues, backups and processes of a home.

figures    which figures there are, and the statement behind each
warehouse  asks Postgres for them
home       the processes that `up` runs, and how old the newest backup is
__main__   the process that serves them

It counts nothing by itself, so it may be restarted at any time, and one of them is enough. Does not belong here: what
servers count themselves (`backend.metrics`, `serving.metrics`), and alerts (`deploy/monitoring`).
"""
