"""`/api/v1`: everything the pages show, and every command, for programs."""

PREFIX = "/api/v1"
