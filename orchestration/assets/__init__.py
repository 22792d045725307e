"""The assets of Dagster, a module a group, in the order data flows: events, marts, models, scores, monitoring, serving;
beside them the checks between marts and models (leakage), and what judges models at past cutoffs (backtests).

A body reads, calls one function, writes and returns metadata; whatever is longer lives beside this package.
"""
