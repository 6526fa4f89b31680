"""Conversions of whole messages as the relay runs them: small ones in this process, large or suspect ones in a process that can be killed.

`jobs` has what is converted, `workers` the processes, `worker` what runs in one, `protocol` what they say to each other. A worker never
touches the queue: it gets the message as an open file and writes the result into another; what it has to know of addresses it asks.
"""
