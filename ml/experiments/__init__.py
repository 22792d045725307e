"""Experiments: who belongs to which arm, and what a difference between arms says.

Belongs here: assignment by buckets, and statistics of two arms. Does not: who is sent what (`backend`), and which
events count as an outcome (`warehouse`).
"""
