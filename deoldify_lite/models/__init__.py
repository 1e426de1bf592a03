"""The networks: how they are built, where their weights are found, how weights are read and checked."""
