"""Photos beside the truth."""
