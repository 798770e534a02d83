"""Who is where, and who has come and gone."""
