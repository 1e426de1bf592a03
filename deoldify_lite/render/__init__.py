"""A network at work on pictures in memory."""
