"""The consumer's own settings, and the handlers made from ``--handler`` and ``--to``."""
