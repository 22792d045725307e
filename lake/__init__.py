"""The lake: events and marts as Apache Iceberg tables in files, with their catalogue in Postgres.

Belongs here: the names and places of tables, reading and appending Arrow data, deleting, compaction and expiry. Does
not: whether an event is stored (`ingestion`), SQL on Postgres (`warehouse`), Spark itself, and its marts.

All of it runs without a JVM, through pyiceberg, which the extra `customer-analyzer[lake]` brings.
"""
