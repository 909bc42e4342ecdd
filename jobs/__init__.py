"""What Flink runs."""
