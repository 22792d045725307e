"""What our data promises: contracts as YAML and the code that holds data to them.

Belongs here: the contracts, reading them, checking a frame (`rules`) or a table (`expectations`)
against them. Does not: where data comes from, where bad rows go, and when a check runs (`orchestration`).
"""
