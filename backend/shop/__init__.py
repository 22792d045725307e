"""The shop's settings, which an administrator can change while everything runs."""
