"""What the three services share: pure words and rules (kernel), contracts, messaging and the web edge. Owns no data."""
