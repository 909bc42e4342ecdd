"""Kinesis streams: client, at-least-once writer, and reader of all shards."""
