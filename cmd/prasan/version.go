package main

import (
	"fmt"
	"runtime/debug"
)

// release is set when a release is built: -ldflags '-X main.release=1.0.0'.
var release = ""

type versionCmd struct {
	JSON bool `help:"Print JSON."`
}

func (versionCmd) Help() string { return example("prasan version --json") }

func (c versionCmd) Run(p *program) error {
	if c.JSON {
		return p.printJSON(map[string]string{"version": version(), "go": goVersion()})
	}
	_, err := fmt.Fprintf(p.std.out, "prasan %s (%s)\n", version(), goVersion())
	return err
}

func version() string {
	if release != "" {
		return release
	}
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" && len(s.Value) >= 12 {
				return "0-" + s.Value[:12]
			}
		}
	}
	return "0-development"
}

func goVersion() string {
	if info, ok := debug.ReadBuildInfo(); ok {
		return info.GoVersion
	}
	return "go"
}

// example is the text of a command's help: how it is used.
func example(lines ...string) string {
	text := "Example:\n"
	if len(lines) > 1 {
		text = "Examples:\n"
	}
	for _, l := range lines {
		text += "\n  " + l
	}
	return text
}
