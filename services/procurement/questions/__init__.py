"""Questions that invited suppliers ask about a procedure, and the answers that all of them get."""
