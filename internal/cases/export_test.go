package cases

// SendNewCode is the job that RequestNewCode leaves.
var SendNewCode = (*Service).sendNewCode
