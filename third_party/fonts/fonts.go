// Package fonts holds the typefaces that the program draws with. Each lies in a folder
// of its own with its licence and a note of where it comes from.
package fonts

import _ "embed"

// Sarabun, under the SIL Open Font License 1.1 (sarabun/OFL.txt).
var (
	//go:embed sarabun/Sarabun-Regular.ttf
	SarabunRegular []byte
	//go:embed sarabun/Sarabun-Bold.ttf
	SarabunBold []byte
)
