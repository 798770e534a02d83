"""REST for people and operators: they read and change their own things. One sub-package for each resource."""
