"""What is learned from data: frames in, models, scores and reports out.

Nothing here knows SQL, Dagster, BentoML or the network; nothing of ours is imported from outside this package.
"""
