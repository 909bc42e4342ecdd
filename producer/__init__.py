"""Synthetic bank traffic: a seeded generator of transactions and their truth, and its way to Kinesis."""
