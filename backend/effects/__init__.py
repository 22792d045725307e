"""Effects: what a campaign did, beside its control group."""
