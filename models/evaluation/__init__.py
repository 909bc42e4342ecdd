"""``python -m models evaluate``: figures and pictures of every kind of model and their ensemble."""
