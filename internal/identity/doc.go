// Package identity checks who somebody is without keeping a card: by a one-time code to
// an e-mail address or a telephone that is on file, or by a provider of OpenID Connect.
// What it hands out is the result of the check; of the check itself nothing is kept.
//
// Nothing here tells whether there is anything on file: the same is answered, after the
// same work, to who owns a hundred cases and to who owns none.
package identity
