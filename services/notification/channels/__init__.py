"""How a text leaves the system: e-mail over SMTP, SMS over a provider's HTTP interface. No rows are written here."""
