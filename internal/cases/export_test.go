package cases

// SendNewCode is the job that RequestNewCode leaves.
var SendNewCode = (*Service).sendNewCode

// ByID reads a case without asking who may see it.
var ByID = (*Service).byID

// Sweep is the nightly task.
var Sweep = (*Service).sweep
