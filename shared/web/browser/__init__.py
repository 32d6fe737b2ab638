"""Sign-in with a browser: OpenID Connect with code and PKCE, sessions as rows, a cookie that holds only an id."""
