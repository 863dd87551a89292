"""The only room with SQL, the views' own apart."""
