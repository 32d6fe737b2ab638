"""Notification: tells people and suppliers what has happened, by e-mail and SMS, and says who was reached.

Owns     addresses (as copies), preferences and suppressions; wordings; notifications, attempts and receipts.
Emits    NotificationDelivered, NotificationFailed.
Acts on  RunChanged, RunPostponed, RunCancelled, RunStaffed, RunDecisionAsked, RunConfirmed, MeetingApproached;
         BookingAsked, BookingDeclined, BookingConfirmed, BookingChanged, BookingCancelled, BookingNamesAwaited;
         ConfirmationAsked, ConfirmationAnswered;
         WaitingEntryJoined, WaitingEntryMoved; SeatOfferOpened, SeatOfferReminded, SeatOfferExpired;
         AttendanceSigningAsked, SigningCodeDrawn, CertificateIssued, OutsideCourseDecided; TrainingRequestSubmitted,
         TrainingRequestWithdrawn, TrainingRequestArranged; TrainingRequestTaken,
         TrainingRequestDeclined, TrainingRequestReturned; SupplierInvited, QuestionAnswered, AwardDecided,
         ProcedureCancelled; ContractSigned.
Copies   PersonDescribed, EmployerDescribed, ProjectDescribed, SupplierDescribed.

Areas, a later may use an earlier: recipients, channels, wordings, notifications, receipts.
"""
