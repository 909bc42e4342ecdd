"""Synthetic bank traffic: a seeded generator of labelled transactions, and the programs that send them."""
