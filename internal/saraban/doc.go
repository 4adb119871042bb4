// Package saraban is the exchange of official letters (งานสารบรรณ): how a letter leaves,
// by which channel its class allows, what becomes of it on the other side, and how letters
// that come are registered, accepted, refused and answered.
//
// What leaves is enqueued in the transaction in which it is decided; states say what is
// known, not what is hoped.
package saraban
