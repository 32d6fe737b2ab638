"""The OpenID Connect issuer of an embedded start, built from Authlib's server classes. No passwords, no sessions.

Authorisation code with PKCE (S256) alone; fixed clients; access tokens by RFC 9068. A real installation has Keycloak
here, and one contract test (`tests/deploy/origin/test_issuer_contract.py`) holds for both.
"""
