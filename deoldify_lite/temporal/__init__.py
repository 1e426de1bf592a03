"""Colour over time, on small frames in memory."""
