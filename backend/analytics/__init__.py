"""Analytics: what happened by day, week and month of any time zone, and how users, models and data are."""
