// Package office is the face for those who work with the program: sign-in, the people
// and orders behind every right, the sites, the audit, and the pages of the cases.
// Every page needs a full session, but those that lead to one. The rules are the
// services'; a page only does not offer what a service would refuse.
package office
