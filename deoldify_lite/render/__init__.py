"""A network at work on pictures in memory: modes, backends, the `Colorizer`."""
