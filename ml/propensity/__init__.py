"""The probability that a user does something within the horizon: one machine for purchase and for churn.

A model is a rung of a ladder (recency rule, BG/NBD, logistic regression, ensemble): members that each speak in
log-odds, stacked with weights fitted on a later cutoff. Members are sums over features, so a stack of them is one
too, and every answer can be taken apart exactly.
"""
