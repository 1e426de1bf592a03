"""Bring colour to old photos and films."""

__version__ = "0.1.0"
