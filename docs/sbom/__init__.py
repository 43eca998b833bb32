"""The list of what is deployed beside our own code (S30), in the form that scanners read."""
