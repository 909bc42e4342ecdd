"""Sentences about features: `sentences` builds them, one module per language has the words."""
