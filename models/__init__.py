"""Train and evaluate the models that score transactions; a folder for each trained version."""
