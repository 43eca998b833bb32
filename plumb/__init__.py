"""The operator's command: see an installation, check it, repair it, with the functions' own services and adapters."""
