"""Commands of ``python -m alerts``, one module each."""
