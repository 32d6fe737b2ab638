"""The worker of notification, put together: reactions, copies, timers, and the loop that sends.

`TIMERS` is for commands that ask what is due; a worker makes its own, by its settings.
"""

from datetime import time, timedelta

from faststream.asgi import AsgiFastStream

from services.notification.channels.email import EmailChannel
from services.notification.channels.sms import SmsChannel
from services.notification.copies import COPIES
from services.notification.kinds import ChannelName
from services.notification.notifications.desk import Desk
from services.notification.notifications.rules import Schedule
from services.notification.notifications.sender import Sender
from services.notification.notifications.standing import show_standing
from services.notification.notifications.unsubscribing import Unsubscribing
from services.notification.reactions import REACTIONS
from services.notification.settings import NotificationSettings
from services.notification.timers import make_timers, timers_to_ask
from services.notification.wordings.catalogue import load_wordings
from shared.kernel.personal_links import PersonalLinks
from shared.messaging.reactions import StateSource
from shared.messaging.worker import Running, build_worker
from shared.web.browser.sessions import purge_sessions
from shared.web.idempotency import purge_answers

STATES: list[StateSource] = []  # notification owns no state topic
TIMERS = timers_to_ask()


def make_desk(settings: NotificationSettings) -> Desk:
    """Return what sending works with. Raises WordingsWrong where a text cannot be used."""
    return Desk(
        wordings=load_wordings(),
        schedule=Schedule(
            max_tries=settings.max_tries,
            pause=timedelta(seconds=settings.retry_pause_seconds),
            receipt_wait=timedelta(days=settings.receipt_wait_days),
            recipient_wait=timedelta(hours=settings.recipient_wait_hours),
            quiet_from=time(settings.quiet_from_hour),
            quiet_until=time(settings.quiet_until_hour),
        ),
        unsubscribing=Unsubscribing(settings.secret_key, settings.origin),
        links=PersonalLinks.derive(settings.personal_links_key),
        origin=settings.origin,
        mail_from=settings.smtp_from,
        soft_suppression=timedelta(days=settings.soft_suppression_days),
    )


def create_worker(settings: NotificationSettings) -> AsgiFastStream:
    """Return the worker. Raises WordingsWrong, and ValueError where a way out is not set as it must be."""
    desk = make_desk(settings)
    email = make_email(settings)

    async def send_notifications(running: Running) -> None:
        sms = make_sms(settings)
        try:
            sender = Sender(
                running.database,
                running.clock,
                desk,
                {ChannelName.EMAIL: email, ChannelName.SMS: sms},
                at_once=settings.concurrent_sendings,
            )
            await sender.run(running)
        finally:
            await sms.close()

    return build_worker(
        service="notification",
        settings=settings,
        reactions=REACTIONS,
        copies=COPIES,
        timers=make_timers(
            desk,
            sending_limit=timedelta(seconds=settings.sending_limit_seconds),
            content_kept=timedelta(days=settings.content_keep_days),
        ),
        states=STATES,
        extra_tasks=[send_notifications, show_standing],
        purges=[purge_answers, purge_sessions],
    )


def make_email(settings: NotificationSettings) -> EmailChannel:
    """Return the way out for e-mail."""
    return EmailChannel(
        settings.smtp_url.get_secret_value(), sender=settings.smtp_from, timeout_seconds=settings.smtp_timeout_seconds
    )


def make_sms(settings: NotificationSettings) -> SmsChannel:
    """Return the way out for SMS."""
    return SmsChannel(
        settings.sms_url,
        user=settings.sms_user,
        password=settings.sms_password.get_secret_value(),
        sender=settings.sms_from,
        timeout_seconds=settings.sms_timeout_seconds,
    )
