"""The page that a person looks at when a job is done: one HTML file that needs nothing else."""
