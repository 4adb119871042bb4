// Package egress is the one way out of the program. What may be reached is a list of
// host:port pairs; whether an address may be dialled is decided on the address that
// the name resolved to, at the moment of dialling, so that a name that resolves to
// something inside the network (or does so the second time) opens nothing there.
package egress
