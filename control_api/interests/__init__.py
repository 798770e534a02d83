"""What a user follows: orders, assets, and any other name of the tenant."""
