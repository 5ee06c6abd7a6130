"""What people see over HTTP: pages, health and metrics."""
