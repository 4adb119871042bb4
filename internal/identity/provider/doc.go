// Package provider speaks with those outside who help to show who somebody is: a provider
// of OpenID Connect, and a gateway for short messages.
package provider
