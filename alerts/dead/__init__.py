"""Dead letters: to find them, to see them, to mend them, to send their records again."""
