package analytics

// Actions of policy's table of roles.
const (
	ActionRead  = "usage.read"  // reports of an agency's sites
	ActionWork  = "usage.work"  // goals, formats, segments, annotations, plans
	ActionSign  = "usage.sign"  // evaluations
	ActionAdmin = "usage.admin" // registered hosts, Google
	ActionErase = "usage.erase" // requests for deletion at the provider abroad
)
