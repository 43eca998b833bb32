"""What is sold: products, prices, coupons, taxes and the features of products."""
