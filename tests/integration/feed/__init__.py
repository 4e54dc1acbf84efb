"""The feed over HTTP, on a real database: pages, long polling, server-sent events, and what is refused."""
