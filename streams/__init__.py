"""The command line of streams: `python -m streams archive`."""
