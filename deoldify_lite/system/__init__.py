"""The machine below: files, locks, URLs as text, threads, memory, devices, limits."""
