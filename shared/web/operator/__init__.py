"""The operator's pages, the same in every service: what messaging has set aside or stopped, and what was decided."""
