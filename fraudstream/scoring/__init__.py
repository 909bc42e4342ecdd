"""Scoring: load a model version, score feature vectors, decide and explain; numpy and XGBoost only."""
