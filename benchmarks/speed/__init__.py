"""The benchmark of the road of a ping: load and watcher as processes of their own, and what each process costs."""
