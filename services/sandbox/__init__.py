"""GitHub on this machine: a stand-in that tests, the demo and people trying a plan talk to over HTTP."""
