"""The event source mappings and the pipes: moves messages and records on, as AWS's own pollers do."""
