"""See it work with no network: invented publishers on loopback, in two rounds of news."""
