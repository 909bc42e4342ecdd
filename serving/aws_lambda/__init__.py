"""The decision API as an AWS Lambda function behind API Gateway."""
