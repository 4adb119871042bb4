// Package app wires the program together and knows all its parts: configuration,
// stores, services, the handlers of each host, the server. It has no rule of its own.
package app
