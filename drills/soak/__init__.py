"""Half an hour at 70 % of what the job can take: what grows, and what stays."""
