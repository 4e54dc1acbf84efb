"""What the calls say of themselves in the schema: words and examples, beside the views whose names they have."""
