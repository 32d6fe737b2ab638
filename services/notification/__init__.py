"""Tells people and suppliers what has happened, by e-mail and SMS, and says who was reached.

Owns: recipients' addresses (copies), preferences and suppressions, wordings, notifications, attempts and receipts.
Emits: notification.delivered.v1, notification.failed.v1 (notification.notifications).
Listens to: every fact topic of booking and procurement but booking.attendance; copies of booking.people,
booking.employers, booking.projects and procurement.suppliers.
"""
