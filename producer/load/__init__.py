"""Load test of the stream: scheduled records, and measurements of how the stream keeps up."""
