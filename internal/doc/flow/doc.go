// Package flow draws the flow of data between parties: lanes as columns, steps as rows,
// arrows by their medium. Lay computes a picture of plain shapes, which SVG writes and
// others may draw on paper.
package flow
