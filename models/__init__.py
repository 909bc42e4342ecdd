"""Train, evaluate and load the models that score transactions; a folder for each trained version."""
