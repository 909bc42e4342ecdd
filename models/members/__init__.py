"""The kinds of model that an ensemble is made of, a file for each."""
