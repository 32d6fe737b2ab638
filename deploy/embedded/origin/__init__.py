"""The one address of an embedded start: router, OpenID Connect issuer, mail and SMS sinks, in one helper process.

Embedded only. Nothing here is secret or safe enough for a network: it listens on loopback and lets anyone on the
machine sign in as anyone.
"""
