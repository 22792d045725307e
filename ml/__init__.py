"""Models as a pure library: frames in; models, scores and reports out.

Belongs here: what is learned from data, and how it is explained, compared, stored and drawn. Does not belong here: SQL,
database drivers, Dagster, BentoML, or anything that knows where a frame came from or where an answer goes.
"""
