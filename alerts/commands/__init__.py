"""The commands of ``python -m alerts``, one module each."""
