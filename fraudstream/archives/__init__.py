"""Record files in folders and on S3: JSON lines, gzip, Parquet and Firehose objects."""
