"""What somebody sees first: her own overview, the employers that she reaches, and one employer as a whole."""
