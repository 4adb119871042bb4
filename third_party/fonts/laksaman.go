package fonts

import _ "embed"

// Laksaman, under GPL-2+ with the font exception (laksaman/EXCEPTION.txt): the face of
// letters, on which TH Sarabun's measures hold at 0.6653 of their size.
var (
	//go:embed laksaman/Laksaman.ttf
	LaksamanRegular []byte
	//go:embed laksaman/Laksaman-Bold.ttf
	LaksamanBold []byte
)
