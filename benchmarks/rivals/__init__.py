"""Rivals of the job: separate programs, each written as its engine's documentation recommends."""
