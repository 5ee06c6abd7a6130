"""Git on the host: mirrors, files for an attempt, commits and pushes.

The git directory always lies outside of what an agent can see.
"""
