"""What the index does with a document: it is prepared, looked up, placed, and its family settled."""
