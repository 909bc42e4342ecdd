"""Online profile stores: the histories of the job's state, readable from outside of the job."""
