"""Views: filters of the list of users under a name, each account's own."""
