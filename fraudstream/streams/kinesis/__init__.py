"""Kinesis: a client, a writer that loses nothing, a reader of all shards."""
