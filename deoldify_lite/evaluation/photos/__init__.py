"""Photos measured beside the truth."""
