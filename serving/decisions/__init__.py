"""Decision API: decisions on transactions over HTTP."""
