"""Faults made on purpose while the job works, and the account of what they cost: nothing, it must be."""
