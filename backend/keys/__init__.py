"""API keys: made, listed, replaced and revoked over HTTP."""
