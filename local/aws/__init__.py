"""DynamoDB, SQS and Secrets Manager, played by moto in processes of their own."""
