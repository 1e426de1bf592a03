"""The page in the browser: `deoldify-lite web`."""
