"""A load test of the stream: records by a schedule, and what the stream made of it."""
