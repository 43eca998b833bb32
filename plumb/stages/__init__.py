"""Where an installation is found: running on this machine, or deployed."""
