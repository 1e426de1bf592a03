"""Results to look at: the page of `--report`, the sheet and the clip of `preview`."""
