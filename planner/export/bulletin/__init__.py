"""The bulletin of concertation as a page, and the ballots that come back."""
