"""Recommendations: which items a user is likely to buy next, from what people buy and view together.

Belongs here: everything between a frame of what users did with items and a ranking. Does not belong here: reading that
frame, storing tables, answering a request.
"""
