package main

import (
	"cmp"
	"fmt"
	"io"

	"prasan/internal/letters"
	"prasan/internal/saraban"
)

func writeLetters(w io.Writer, _ *manual) error {
	fmt.Fprintf(w, `# Official letters

%s
A letter is drafted, checked, signed, numbered, sealed and dispatched (Regulation of the Office of the Prime Minister on
Correspondence B.E. 2526 and its amendments). Signing binds the SHA-256 of the content: from then on nothing of it changes.
Number and date come after it; the seal (PDF/A with a PAdES-B signature by the key of the agency) covers both. A number is
given once: one that is cancelled stays in the register as such. The code on the letter leads to a page that confirms
number, date and digest and shows nothing of the content.

## A letter that leaves

| act | from | to | by |
|---|---|---|---|
`, made)
	for _, t := range letters.Transitions {
		fmt.Fprintf(w, "| %s | %s | %s | %s |\n", t.Action, cmp.Or(words(t.From), "(new)"), cmp.Or(string(t.To), "(same)"), t.By)
	}
	fmt.Fprint(w, "\n`approve` is for the head of the agency, who acts for him, his deputy or his delegate for signing, and never for who\ndrafted it. `classify` is for those whom the record names (row 26). `paper` enters a letter that was signed by hand, with its scan.\nOnly what somebody may do now is offered to him.\n\n## A letter that came\n\n| act | from | to | by |\n|---|---|---|---|\n")
	for _, t := range saraban.Steps {
		fmt.Fprintf(w, "| %s | %s | %s | %s |\n", t.Action, words(t.From), cmp.Or(string(t.To), "(same)"), t.By)
	}
	fmt.Fprint(w, "\n## Channels\n\nOf those that the class of secrecy and the directory's entry of the agency allow, the first is taken unless another is\nchosen. Top secret goes on paper only.\n\n| channel | as the record calls it (row 16) |\n|---|---|\n")
	for _, c := range saraban.Channels {
		fmt.Fprintf(w, "| %s | %s |\n", c, c.Via())
	}
	fmt.Fprint(w, "\n## Exchange\n\n`--ecms-node ORG=URL` makes an agency's letters go through its e-CMS node (version 2, SOAP). With `--ecms-serve` this\ninstallation is the node of the organisations that have none, at `/ecms-ws01/service2` of the host `ecms`: the caller names its\norganisation with `?org=ID` and shows a token of an account of that agency, or is known by its certificate or network. An inbound item stays at the head of its queue\nuntil it is stored here, and is taken once (by ProcessID).\n")
	return nil
}
