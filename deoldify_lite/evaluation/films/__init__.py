"""Films beside the truth."""
