"""What runs in each worker: one network, and the steps of photos and films around it."""
