"""The Lambda service: owns a pool of worker processes per function and answers AWS's Invoke API."""
