"""Alembic's entry: the service's own tables, and those that messaging and the web edge need in every database."""

from services.procurement import copies, history
from services.procurement.awards import tables as awards
from services.procurement.base import ProcurementTable
from services.procurement.bids import tables as bids
from services.procurement.buyers import tables as buyers
from services.procurement.cases import tables as cases
from services.procurement.contracts import tables as contracts
from services.procurement.procedures import tables as procedures
from services.procurement.questions import tables as questions
from services.procurement.suppliers import tables as suppliers
from shared.messaging.tables import metadata as messaging
from shared.migrations import run_migrations
from shared.web.tables import metadata as web

TABLES = (buyers, suppliers, cases, procedures, questions, bids, awards, contracts, copies, history)
run_migrations([ProcurementTable.metadata, messaging, web])
