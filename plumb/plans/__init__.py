"""Plans as code: one file of products, prices and what they give, applied to any Stripe account."""
