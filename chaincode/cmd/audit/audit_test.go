package main

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestStories runs the command as a person does; each file in testdata is one story. $BLOCKS is a copy of a
// real ledger.
func TestStories(t *testing.T) {
	blocks, err := filepath.Abs("../../audit/testdata/lifecycle")
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{Dir: "testdata", Setup: func(e *testscript.Env) error {
		e.Setenv("BLOCKS", blocks)
		return os.CopyFS(filepath.Join(e.WorkDir, "chaincode/audit/testdata/lifecycle"), os.DirFS(blocks))
	}})
}

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"audit": func() {
		os.Exit(run(context.Background(), os.Args[1:], os.Stdout, os.Stderr))
	}})
}
