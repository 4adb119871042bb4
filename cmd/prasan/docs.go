package main

type docsCmd struct {
	Dir string `arg:"" default:"docs" help:"Folder to write into."`
}

func (docsCmd) Help() string { return example("prasan docs docs") }

func (c docsCmd) Run(p *program) error { return nil }
