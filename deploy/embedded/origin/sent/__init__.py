"""What the system has sent: the mail sink, the SMS gateway, and the pages that show both."""
