"""The local platform: an embedded Postgres (or a given one), its databases and schema, the servers of `up`.

Knows nothing of events, marts or what models do; whoever needs a database asks `stack.running_platform`.
"""
