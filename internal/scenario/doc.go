// Package scenario is the deterministic ministry of the demo, the browser tests, the
// pictures, the docs and the benchmarks: people with orders, and the 366 cases that the
// record declares, sent and worked on through the services themselves at the moments at
// which they would have been. Everybody in it is invented.
package scenario
