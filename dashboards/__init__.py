"""The human door: Dash pages under /app/, in the API's process and session."""
