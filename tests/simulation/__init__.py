"""Deterministic simulation: the whole bot and GitHub in one thread, on virtual time, every choice drawn from one seed."""
