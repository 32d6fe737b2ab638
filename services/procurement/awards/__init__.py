"""The award decision: by the delegate, with reasons, told to every bidder; the first thing that names one."""
