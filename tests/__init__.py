"""The test suite: stories over real HTTP and real git, 1:1 unit tests of the pure core, contract tests against GitHub descriptions."""
