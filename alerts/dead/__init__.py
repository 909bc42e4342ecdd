"""Dead letters: to find them, to see them, to repair them, to send their records again."""
