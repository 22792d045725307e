"""Data contracts: what our data must look like, as YAML, and the code that checks data against it.

Belongs here: the contracts, reading them, checking a frame (`rules`) or a table (`expectations`)
against them. Does not belong here: where data comes from, where bad rows go, and when a check runs (`ingestion`,
`orchestration`).
"""
