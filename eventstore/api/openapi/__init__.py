"""The API as OpenAPI 3.1, made of what its calls say as data: a call cannot be there without its description."""
