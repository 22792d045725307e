"""Uplift: what a message changes in each user.

`learners` learns it from users who were drawn to be treated or held out, `qini` says how well it ranks users, and
`calibration` compares it with what was observed. Does not belong here: whom to treat (`ml.policies`).
"""
