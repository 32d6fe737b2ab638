"""Named points at which a process of a drill kills itself with SIGKILL: `relay.before_ack:17` is the 17th time there.

Like the guards they are patches of one function in one process, made from outside.
"""

import inspect
import os
import signal
from collections.abc import Callable, Mapping, Sized
from dataclasses import dataclass
from functools import wraps
from typing import Any

from tests.drills.guards import patch


@dataclass(frozen=True)
class Point:
    """Just before or after a function, each time that it is called with something in its last argument."""

    place: str
    after: bool = False
    counts: Callable[..., bool] = lambda *_: True


def _is_of_effects(consumer: Any, *_others: object) -> bool:  # noqa: ANN401 - a GroupConsumer
    return str(consumer.group).endswith(".effects")


def _has_records(handler: Any, *_others: object) -> bool:  # noqa: ANN401 - aiokafka's, which ships no types
    return bool(handler._batches)


POINTS: Mapping[str, Point] = {
    "web.before_commit": Point("shared.web.edge:_commit"),
    "web.after_commit": Point("shared.web.edge:_commit", after=True),
    "relay.before_send": Point("shared.messaging.sender:Sender.send"),
    # the broker has written and answered; this process has not yet heard it
    "relay.before_ack": Point("aiokafka.producer.sender:SendProduceReqHandler.handle_response", counts=_has_records),
    "relay.before_delete": Point("shared.messaging.relay:Relay._delete"),
    "consumer.before_commit": Point("shared.messaging.effects:Effects.apply", after=True),
    "consumer.after_commit": Point("shared.messaging.consumer:GroupConsumer._commit", counts=_is_of_effects),
    "sending.before_call": Point("services.notification.channels.email:EmailChannel.send"),
    "sending.after_call": Point("services.notification.channels.email:EmailChannel.send", after=True),
}


def die_at(where: str) -> None:
    """Arm a point, given as `name:count`."""
    name, _, count = where.partition(":")
    point = POINTS[name]
    left = int(count)

    def reached(*arguments: Any) -> None:  # noqa: ANN401 - whatever the function takes
        nonlocal left
        last = arguments[-1] if arguments else None
        if (isinstance(last, Sized) and not len(last)) or not point.counts(*arguments):
            return
        left -= 1
        if left <= 0:
            os.kill(os.getpid(), signal.SIGKILL)

    patch(point.place, lambda function: _watched(function, reached, after=point.after))


def _watched(function: Any, reached: Callable[..., None], *, after: bool) -> Any:  # noqa: ANN401 - any function
    if inspect.iscoroutinefunction(function):

        @wraps(function)
        async def watched(*arguments: Any, **named: Any) -> Any:  # noqa: ANN401 - stands in for functions of any kind
            if not after:
                reached(*arguments)
            result = await function(*arguments, **named)
            if after:
                reached(*arguments)
            return result

        return watched

    @wraps(function)
    def watched_plainly(*arguments: Any, **named: Any) -> Any:  # noqa: ANN401 - stands in for functions of any kind
        if not after:
            reached(*arguments)
        result = function(*arguments, **named)
        if after:
            reached(*arguments)
        return result

    return watched_plainly
