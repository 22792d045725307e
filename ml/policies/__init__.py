"""Policies: whom to treat, and with what.

`decisions` holds past decisions and what came of them, `value` says what a policy would have brought, `learning` learns
one and promotes it only if it beats every constant choice. Does not belong here: effects of each user (`ml.uplift`).
"""
