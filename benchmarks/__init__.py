"""``make bench``: this job beside its rivals on the same events, and how its rate holds as load changes."""
