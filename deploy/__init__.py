"""What brings the job to a cluster: the packages it takes along, and the question whether it runs there."""
