// Package ecms speaks the exchange of official letters between e-Saraban systems (e-CMS,
// TH e-GIF): SOAP 1.1 over HTTP at /ecms-ws01/service2, with an inbound queue for each
// organisation at its node. It is strict in what it writes and tolerant in what it reads.
//
// An Exchange is a node: Client calls one, Handler serves one.
package ecms
