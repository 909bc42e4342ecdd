"""Delivery of alerts by an AWS Lambda function that Kinesis invokes."""
