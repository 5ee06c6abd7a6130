"""The one place that acts: load, decide, commit, apply."""
