"""How good decisions are: each part is run as a module and prints its table. See docs/decision-quality.md."""
