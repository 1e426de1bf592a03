"""Photos and films that lie elsewhere, by URL."""
