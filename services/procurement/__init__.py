"""Procurement: how training is bought, by the book.

Owns     buyers and their policies, suppliers and their accounts, requests waiting for an officer, cases with lots and
         advice, procedures with their questions, sealed bids, awards, contracts and their orders.
Emits    SupplierDescribed; TrainingRequestTaken, TrainingRequestDeclined, TrainingRequestReturned; SupplierInvited,
         QuestionAnswered, AwardDecided, ProcedureCancelled; ContractSigned, ContractLineOrdered.
Acts on  TrainingRequestSubmitted, TrainingRequestWithdrawn.
Copies   ProjectDescribed, EmployerDescribed, PersonDescribed.

From an invitation to the award decision nothing that others can see may depend on who bids: see `bids`.
"""
