"""One machine without other installation: an embedded Postgres (or a given one), ports, processes, the servers of `up`.

Knows nothing of events, marts or what models do; whoever needs a database asks `stack.running_platform`.
"""
