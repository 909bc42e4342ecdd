"""Dead letters: find them, show them, repair and redrive their records."""
