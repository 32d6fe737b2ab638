"""Booking: projects, people, employers and their needs, and the seats that they get on courses.

Owns     projects with their conditions; people, sign-ins and grants; employers with workplaces; need surveys, plans and
         needs; courses, runs and meetings; seat pools, bookings and waiting lists; attendance with signatures;
         certificates, and courses taken outside; training requests; figures.
Emits    ProjectDescribed, EmployerDescribed, PersonDescribed; RunScheduled, RunChanged, RunPostponed, RunResized,
         RunCancelled, RunStaffed, RunDecisionAsked, RunConfirmed, MeetingApproached; BookingAsked, BookingDeclined,
         BookingConfirmed, BookingChanged, BookingCancelled, BookingNamesAwaited; ConfirmationAsked,
         ConfirmationAnswered; WaitingEntryJoined, WaitingEntryMoved,
         WaitingEntryWithdrawn; SeatOfferOpened, SeatOfferReminded, SeatOfferAccepted, SeatOfferDeclined,
         SeatOfferExpired; TrainingRequestSubmitted, TrainingRequestWithdrawn, TrainingRequestArranged;
         AttendanceRecorded, AttendanceCorrected, AttendanceSigned, AttendanceLeftUnsigned, AttendanceSigningAsked,
         SigningCodeDrawn; CertificateIssued; OutsideCourseDecided.
Acts on  TrainingRequestTaken, TrainingRequestDeclined, TrainingRequestReturned; ContractSigned, ContractLineOrdered;
         NotificationDelivered, NotificationFailed.
Copies   nothing.

Areas, of which a later may use an earlier: projects, people, employers, needs, courses, seats, bookings, attendance,
proof, waiting, changes, requests, reach, reports.
"""
