"""What a feature says in words: `sentences` puts it together, a file for each language has the words."""
