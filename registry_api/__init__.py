"""The machine door: FastAPI under /api/v1, one session and one policy with the pages."""
