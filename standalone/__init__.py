"""The platform on one machine without other installation: embedded Postgres, ports, processes, the servers of `up`.

Does not belong here: events, marts, or what models do. Code that needs a database uses `stack.running_platform`.
"""
