package kit

import (
	"net"
	"strings"
)

// HostName is the name in a Host header: without port and final dot, in lower case.
func HostName(authority string) string {
	name := authority
	if strings.IndexByte(authority, ':') >= 0 { // mostly there is no port
		if host, _, err := net.SplitHostPort(authority); err == nil {
			name = host
		}
	}
	return strings.TrimSuffix(strings.ToLower(name), ".")
}
