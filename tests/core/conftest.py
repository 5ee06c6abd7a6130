"""Hypothesis measures each example against a deadline by default; on a busy machine that fails tests for nothing."""

from hypothesis import settings

settings.register_profile("patient", deadline=None)
settings.load_profile("patient")
