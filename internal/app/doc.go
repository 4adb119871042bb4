// Package app wires the program together and knows all its parts: configuration,
// stores, services, the handlers of each host, the server. It has no rule of its own.
//
// A feature adds one function to the table parts and a file of its own here. There it
// makes its service from what App has, keeps it in a field of App, and has it used:
//
//	func wireLetters(_ context.Context, a *App) error {
//		a.Letters = letters.New(letters.Deps{DB: a.DB, Audit: a.Audit, Jobs: a.Jobs})
//		a.Letters.Register()                                   // its jobs and nightly tasks
//		a.Operations = append(a.Operations, lettersAPI(a)...)  // rows of the API's table
//		a.Host("ecms", "exchange", exchange.Handler())         // a host of its own
//		a.OnStart(a.Letters.Resume)                            // when serving begins
//		a.OnClose(a.Letters.Close)                             // at the end
//		return nil
//	}
package app
