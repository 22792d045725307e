"""Recommendations: which items a user is likely to buy next, from what people buy and view together.

Belongs here: everything between a frame of what users did with items and a ranking. Does not belong here: reading that
frame, storing tables, answering a request.
"""

RECOMMENDATION = "recommendation"
"""What it is called in MLflow, promotions and assets. It stands beside the names of `ml.kinds` and is none of them: it
answers with a list, not with one number a user, and no service of its own serves it."""
