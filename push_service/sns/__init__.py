"""What the senders and the tasks both know of Amazon SNS: how to reach it, and its names."""
