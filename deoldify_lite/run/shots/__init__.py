"""A film rendered by a list of its shots, and the survey that writes such a list."""
