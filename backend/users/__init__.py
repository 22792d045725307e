"""Users: lists of them, and everything about one."""
