"""Results beside the truth: measured, summed up, shown. Nothing that colorizes imports it."""
