"""Films measured beside the truth."""
