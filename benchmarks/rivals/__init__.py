"""What the job is measured against: each a program of its own, written as its engine's documents say."""
