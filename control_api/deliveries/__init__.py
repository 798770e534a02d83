"""What became of notifications, for back ends and operators."""
