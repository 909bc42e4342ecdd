"""Labelled data to train and measure on: transactions, their labels, and the features that the job makes."""
