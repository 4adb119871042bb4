// Package library keeps the documents that the register cites: policies, agreements with
// processors, training, the list of domains, orders of delegation and of acting headship
// with their scans. Each has versions, which are never changed, with the time in which
// they hold; a row of the form cites a document by its code or by a link.
package library
