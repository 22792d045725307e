"""Dagster: assets, checks, jobs, schedules, sensors, and what assets call (training, judging, monitoring).

Does not belong here: what another room needs too, learning from data (`ml`), arithmetic on rows (`dbt_project`), and
answering HTTP requests (`serving`).
"""
