"""MLflow's models and versions, promotion under its lock, rollback and deployment.

Does not belong here: training and judging models (`orchestration`, `ml`).
"""
