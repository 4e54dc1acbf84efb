"""The HTTP API: streams for other services, under `/api/v1/`. What each call answers: docs/API.md."""
