package truth

import "slices"

// Probes are all that look, for the docs.
func (s *Service) Probes() []Probe { return slices.Clone(s.probes) }

// Enforcements are all parts of the program that say what they obey, for the docs.
func (s *Service) Enforcements() []Enforcement { return slices.Clone(s.enforcements) }
