"""Jobs: exports and erasures of users, asked for here and done by the worker."""
