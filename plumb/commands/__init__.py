"""One module for each command: options in, one piece of work, output."""
