"""What people and operators read and change of their own: inbox, installations, interests, preferences, deliveries.

One package for each resource, with its routes in `routes.py`: one table for serving them and for the OpenAPI document.
"""
