"""Comparisons with peers. Each is run as a module and prints a table. Nothing in the product imports this package."""
