// Package sink is the demo's mail server: it takes every mail on a loopback address,
// keeps it in a folder, checks its DKIM signature against the demo's public key and
// shows it on a page. Nothing that the demo sends leaves the machine.
//
// It belongs to the demo and not to the work, which is why it may have a page.
package sink
