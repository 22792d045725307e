"""A typed client of the API, one that waits and one for `asyncio`, for whoever calls it from Python.

Belongs here: what a caller of the API needs. It is made from the description of the API and imports nothing of ours, so
that it can be copied elsewhere. `models.py`, `calls.py` and `methods.py` are written by `make openapi`.
"""
