"""Accounts: the people who sign in. A *user* is a customer of the shop; an account is somebody who works for it."""
