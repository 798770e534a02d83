"""Other people: who is there, and who is writing. Seen by those who may see each other."""
