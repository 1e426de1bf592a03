"""The machine below: files, locks, threads, memory, devices, limits."""
