"""Files of records: JSON lines, gzip, Parquet, Firehose objects, in folders and on S3."""
