"""One use case per file, named by its verb. They know the domain and the ports, and nothing else."""
