"""Git on the host: mirrors, files for an attempt, commits and pushes; the git directory always lies outside what an agent can see."""
