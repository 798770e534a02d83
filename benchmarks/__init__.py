"""What the platform costs, and what it keeps: `python -m benchmarks bench` and `python -m benchmarks prove`."""
