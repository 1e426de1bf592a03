"""The page on which shots are edited: `deoldify-lite shots --edit`."""
