"""``python -m models evaluate``: every kind of model and their ensemble, in figures and pictures."""
