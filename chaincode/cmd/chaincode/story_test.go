package main

import (
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestStories runs the command as a person does; each file in testdata is one story.
func TestStories(t *testing.T) {
	testscript.Run(t, testscript.Params{Dir: "testdata"})
}

func TestMain(m *testing.M) { testscript.Main(m, map[string]func(){"chaincode": main}) }
