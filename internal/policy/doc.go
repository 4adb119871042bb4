// Package policy answers every question the record of processing decides: which
// fields a form has, who may read them and why, until when they are kept, where
// they may go. It works on plain values; it knows neither SQL nor the org tree.
package policy
