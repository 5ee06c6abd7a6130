"""The API, over a store that was filled by hand."""
