"""The GitHub client: reads through a cache, writes with keys, one transport seam."""
