"""Command line for streams: `python -m streams archive`."""
