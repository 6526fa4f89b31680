"""What operators see and steer: the control socket of a node (later: console, metrics, audit export)."""
