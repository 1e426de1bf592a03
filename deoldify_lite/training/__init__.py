"""Training of the networks; nothing that renders imports it."""
