"""Durable state in SQLite: inbox, plans, runs, tasks, history and outbox."""
