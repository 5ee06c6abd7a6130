"""The process: receives webhooks, wires everything together, shows pages and runs the command line."""
