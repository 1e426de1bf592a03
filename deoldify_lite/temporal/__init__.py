"""Colour over time, on small frames in memory: shots, motion, key frames, hints, steadying."""
