// Package public is what the public sees on every site: the way in, the contact form in
// steps, the receipt, the tracking of a case, the privacy notice and the register. It
// sets no cookie. Answers of earlier steps travel sealed in the form, so nothing
// personal is stored before it is sent.
package public
