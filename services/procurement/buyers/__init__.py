"""In whose name something is bought, which rules bind it, and the policies that it has chosen itself."""
