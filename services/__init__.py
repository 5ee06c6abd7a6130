"""Everything Lockstep does, in layers that import-linter keeps apart (pyproject.toml, tool.importlinter)."""
