"""Soak test: half an hour at 70 % of the job's maximum rate, to detect growth of memory, state or latency."""
