"""Photos in and out: formats, metadata, profiles, pixels. Nothing here knows a network."""
