"""What a user would run instead: small scripts, each in a process of its own."""
