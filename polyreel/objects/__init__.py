"""Object stores that speak S3: addresses, connections, and one bucket's objects, streamed in both directions."""
