"""Training and evaluation of the models that score transactions; each trained version has a folder."""
