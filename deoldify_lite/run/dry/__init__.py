"""A run that renders nothing: what would be done, skipped and refused, and what it takes."""
