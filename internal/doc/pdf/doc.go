// Package pdf writes documents of Thai text as PDF/A-1b (ISO 19005-1): shaped by the
// rules of the font, broken at words, with fonts cut down to the glyphs in use, and with
// the exact text for readers that search, copy or read aloud.
//
// It loads nothing: neither files nor addresses. Positions are points of 1/72 inch from
// the upper left corner of the page.
package pdf
