"""One module a figure; run as python -m benchmarks NAME [--json]."""
