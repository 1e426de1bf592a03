"""Files by URL: named, listed, fetched and put, through fsspec."""
