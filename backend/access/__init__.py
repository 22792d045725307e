"""Who asks, and what they may do: permissions, principals, and the guard in front of every route."""
