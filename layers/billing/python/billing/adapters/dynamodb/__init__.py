"""Durable truth: three DynamoDB tables, every write conditioned, every read consistent."""
