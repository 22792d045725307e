"""Side-by-side comparisons, each run as a module and printing one table. Nothing in the product imports this."""
