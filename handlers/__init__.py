"""Event to intent: which run must look again, or which command to run. No HTTP, no SQL."""
