"""The OSI stack under P1 as state machines that never touch a socket, a clock or a log.

RFC 1006 packets (`tpkt`), COTP class 0 (`transport`), X.225 session (`session`), X.226 presentation (`presentation`),
X.227 association control (`acse`) and X.228 reliable transfer (`rtse`); in X.410-1984 mode `x410` stands in place of presentation and
association control. `stack` composes them into one machine.
The service primitives that pass between the layers are the types of `service`.
"""
