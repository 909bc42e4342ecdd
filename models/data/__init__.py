"""Labelled data for training and evaluation: transactions, labels, and features computed by the job."""
