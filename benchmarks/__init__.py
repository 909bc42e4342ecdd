"""Benchmarks of the job: throughput beside other engines on the same events, and under changing loads."""
