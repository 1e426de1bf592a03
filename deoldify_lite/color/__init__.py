"""Colour arithmetic on arrays and tensors: no files, no network."""
