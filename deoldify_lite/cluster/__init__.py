"""Many workers, on this machine and others: the same work as in one process, by Ray (https://ray.io)."""
