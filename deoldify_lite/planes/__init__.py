"""Films as planes of samples in memory: Y4M and raw frames of a pipe, and clips of other programs."""
