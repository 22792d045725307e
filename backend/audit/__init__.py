"""The audit log: who changed what, who looked at whom, from where, and with what result."""
