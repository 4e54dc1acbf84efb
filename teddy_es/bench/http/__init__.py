"""The HTTP interface under gunicorn as it is served, asked by clients in a process of their own."""
