"""Pictures and films through standard input and output."""
