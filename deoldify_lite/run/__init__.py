"""The work: what goes where, what is done, and photos and films worked off on this machine."""
