// Package ga speaks to Google Analytics 4: events out by the Measurement Protocol, its
// own reports in by the Data API, requests for deletion by the User Deletion API. What
// may be said to it, and of whom, is decided by its caller.
package ga
