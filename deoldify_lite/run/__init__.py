"""The work on this machine: what goes where, what is done already, photos, films."""
