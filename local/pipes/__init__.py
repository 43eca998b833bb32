"""EventBridge: pipes from the tables' streams to an event bus, and rules of a bus that lead to queues."""
