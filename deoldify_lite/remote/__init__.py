"""Photos and films by URL: fetched, colorized here, and put back."""
