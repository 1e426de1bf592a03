"""The networks: what there is, where the weights are, how they are built."""
