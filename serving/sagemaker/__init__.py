"""The model on an Amazon SageMaker endpoint: scores of feature vectors."""
