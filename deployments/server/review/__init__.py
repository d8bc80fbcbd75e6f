"""The review page of `polyreel up`: ``/review/`` beside the API, on the same port, for the server's own pages alone."""
