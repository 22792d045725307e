"""Dagster: assets, checks, jobs, schedules, sensors, and what assets call (training, judging, monitoring).

Does not belong here: whatever another room needs too. Nothing here learns from data (that is `ml`), does arithmetic
on rows (that is `dbt_project`) or answers HTTP (that is `serving`).
"""
