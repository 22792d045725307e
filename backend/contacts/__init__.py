"""Contacts: what one user was sent and could have been sent, and the lists that the user is on."""
