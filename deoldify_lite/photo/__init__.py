"""Photos in and out: formats, metadata, profiles, pixels. No network is known here."""
