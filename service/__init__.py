"""What runs as a service: today the page on which anybody verifies a file."""
