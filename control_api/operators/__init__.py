"""A page for operators: what became of a notification, and how pushes go. It asks the same routes as everybody."""
