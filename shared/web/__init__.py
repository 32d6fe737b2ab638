"""The HTTP edge that the services share: sign-in, authorisation, commands, problems, limits, languages, documents."""
