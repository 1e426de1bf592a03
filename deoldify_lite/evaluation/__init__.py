"""Results measured beside the truth, in tables and pages. Nothing that colorizes imports it."""
