"""Picture sequences at work: planned, read as frames of a film, and written, file by file."""
