"""A folder that is watched: what is dropped there is colorized."""
