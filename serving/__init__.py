"""Decision API and ingestion gateway: decisions on transactions over HTTP, and their way into the stream."""
