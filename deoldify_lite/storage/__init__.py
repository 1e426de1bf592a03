"""Files by URL, through fsspec: named, listed, fetched and put; `places` treats local files like them."""
