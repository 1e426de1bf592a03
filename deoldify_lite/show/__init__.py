"""To look at: the report's page, the preview's sheet and clip."""
