"""The event source mappings: moves messages from queues to functions, as Lambda's own pollers do."""
