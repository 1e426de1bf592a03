"""The same work as in `run`, spread over Ray workers on this and other machines (https://ray.io)."""
