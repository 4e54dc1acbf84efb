"""Nothing that must be forgettable stands anywhere in the clear."""
