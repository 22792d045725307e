"""Orders: what somebody has ordered, order by order."""
