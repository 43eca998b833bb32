"""The pure core: what a payment grants, what an account is, and how it follows Stripe. No AWS, no Stripe, no clock."""
