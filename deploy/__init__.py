"""Deployment of the job: archives of its code for Flink clusters, and a health check."""
