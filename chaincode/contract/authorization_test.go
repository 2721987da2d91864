package contract_test

import (
	"encoding/base64"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/guildmark/guildmark/chaincode/contract"
	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/chaincode/replay"
	"github.com/guildmark/guildmark/chaincode/replay/replaytest"
	"github.com/guildmark/guildmark/chaincode/rules/party"
)

func base64Decode(text string) ([]byte, error) { return base64.StdEncoding.DecodeString(text) }

// TestTableIsComplete: every exported function of every contract stands in the table under its own name with
// its number of arguments, and nothing else does.
func TestTableIsComplete(t *testing.T) {
	exported := exportedFunctions(t)
	for _, f := range contract.Functions() {
		target := reflect.ValueOf(f.Call.Target)
		if got := target.Type().NumIn() - 1; got != f.Call.Args {
			t.Errorf("%s takes %d arguments, its row says %d", f.Name, got, f.Call.Args)
		}
		_, path, _ := strings.Cut(runtime.FuncForPC(target.Pointer()).Name(), "/chaincode/contract/")
		if got := strings.Replace(path, ".", ":", 1); got != f.Name {
			t.Errorf("row %s calls %s", f.Name, got)
		}
		if !exported[f.Name] {
			t.Errorf("%s stands in the table and is no exported function", f.Name)
		}
		delete(exported, f.Name)
	}
	for name := range exported {
		t.Errorf("%s is exported and does not stand in the table", name)
	}
}

// exportedFunctions lists the exported functions of the packages below this one, as "package:Function".
func exportedFunctions(t *testing.T) map[string]bool {
	t.Helper()
	files, err := filepath.Glob("*/*.go")
	if err != nil || len(files) == 0 {
		t.Fatalf("no contracts: %v", err)
	}
	exported := map[string]bool{}
	for _, path := range files {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range file.Decls {
			f, ok := d.(*ast.FuncDecl)
			if ok && f.Recv == nil && f.Name.IsExported() && f.Name.Name != "Functions" {
				exported[filepath.Dir(path)+":"+f.Name.Name] = true
			}
		}
	}
	return exported
}

// TestEveryRoleUnderEveryMSP calls each function as each role from each partner and from a stranger: the call
// gets past the table exactly when the table and the role's homes say so.
func TestEveryRoleUnderEveryMSP(t *testing.T) {
	w := newWorld(t)
	homes := map[string][]string{}
	for _, r := range w.Config.Roles {
		homes[r.Role] = r.MSPs
	}
	callers := map[string]*replaytest.Caller{}
	for _, role := range append(party.Roles(), "", "king", "Governor") {
		for _, m := range append(replaytest.Partners(), "StrangerMSP") {
			callers[role+" "+m] = replaytest.NewCaller(t, m, role)
		}
	}
	denied := []string{"caller.role", "caller.foreign_role", "caller.not_allowed"}
	rows := 0
	for _, rule := range contract.Functions() {
		args := slices.Repeat([]string{"x"}, rule.Call.Args)
		for name, c := range callers {
			rows++
			allowed := slices.Contains(homes[c.Role], c.MSP) &&
				(len(rule.Roles) == 0 || slices.Contains(rule.Roles, c.Role))
			r := w.Simulate(c, rule.Name, args...)
			refusal, _ := ledger.ParseRefusal(r.Message)
			refused := refusal != nil && slices.Contains(denied, refusal.Code)
			if refused == allowed {
				t.Errorf("%s as %s: allowed %v, got %s", rule.Name, name, allowed, r.Message)
			}
			if !allowed && len(r.Writes) > 0 {
				t.Errorf("%s as %s wrote", rule.Name, name)
			}
		}
	}
	if want := len(contract.Functions()) * 12 * 5; rows != want {
		t.Errorf("tried %d rows, want %d", rows, want)
	}
}

func TestCallerRefused(t *testing.T) {
	w := newWorld(t)
	for _, c := range []struct {
		name string
		by   *replaytest.Caller
		want *ledger.Refusal
	}{
		{
			"another partner's party", replaytest.CallerOf(t, operator, auditor+".0123456789abcdef", party.Buyer),
			party.ErrForeign,
		},
		{
			"a party whose home begins alike",
			replaytest.CallerOf(t, "Operator", operator+".0123456789abcdef", party.Buyer), party.ErrForeign,
		},
		{"no party", replaytest.CallerOf(t, operator, "", party.Buyer), party.ErrForeign},
		{
			"a party with a slash", replaytest.CallerOf(t, operator, operator+".0123456789abcde/", party.Buyer),
			party.ErrForeign,
		},
		{"no certificate", &replaytest.Caller{Creator: []byte("\x0a\x01x\x12\x01y")}, party.ErrCaller},
		{"no creator", &replaytest.Caller{}, party.ErrCaller},
		{
			"a key that is not pinned", replaytest.CallerOf(t, licensors, w.licensor.Party, party.Licensor),
			party.ErrNotPinned,
		},
	} {
		t.Run(c.name, func(*testing.T) {
			w.Refused(c.want, c.by, "catalogue:Publish", "{}")
		})
	}
	w.Refused(party.ErrUnknown, replaytest.NewCaller(t, licensors, party.Licensor), "catalogue:Publish", "{}")
}

func TestNamesAndArguments(t *testing.T) {
	w := newWorld(t)
	for _, rule := range contract.Functions() {
		contractName, function, _ := strings.Cut(rule.Name, ":")
		args := slices.Repeat([]string{""}, rule.Call.Args)
		for _, name := range []string{
			contractName + ":" + strings.ToLower(function[:1]) + function[1:], function, ":" + function,
			strings.ToUpper(rule.Name),
			rule.Name + " ", " " + rule.Name, "x:" + rule.Name, contractName + "::" + function, contractName +
				":", rule.Name + "\x00",
		} {
			w.Refused(contract.ErrUnknownFunction, w.buyer, name, args...)
		}
		w.Refused(contract.ErrArguments, w.buyer, rule.Name, append(args, "")...)
		if rule.Call.Args > 0 {
			w.Refused(contract.ErrArguments, w.buyer, rule.Name, args[1:]...)
		}
	}
	for _, name := range []string{
		"", "org.hyperledger.fabric:GetMetadata", "governance:GetName",
		"governance:GetBeforeTransaction", "Propose",
	} {
		w.Refused(contract.ErrUnknownFunction, w.Governors[operator], name)
	}
	r := w.Engine.ExecuteAt(w.State, replay.Tx{Channel: channel, Creator: w.buyer.Creator}, w.Now)
	if refusal, ok := ledger.ParseRefusal(r.Message); !ok || refusal.Code != contract.ErrUnknownFunction.Code {
		t.Errorf("no arguments at all: got %s", r.Message)
	}
}

// TestDocumentsAreStrict sends each function that takes a document what encoding/json would forgive.
func TestDocumentsAreStrict(t *testing.T) {
	w := newWorld(t)
	for _, c := range []struct {
		function string
		by       *replaytest.Caller
		good     string
	}{
		{"orders:Place", w.buyer, fmt.Sprintf(`{"key":"k","machine":%q,"offers":[%q]}`, nonce(1), nonce(2))},
		{"governance:SetRecipient", w.custodians[operator], doc(w.custodianRecipient(operator))},
	} {
		first, rest, _ := strings.Cut(c.good, ":")
		key := strings.Trim(first, `{"`)
		for name, bad := range map[string]struct {
			doc  string
			want *ledger.Refusal
		}{
			"a key twice":        {first + ":" + rest[:len(rest)-1] + `,"` + key + `":"x"}`, ledger.ErrDuplicateKey},
			"a key in capitals":  {`{"` + strings.ToUpper(key) + `":` + rest, ledger.ErrUnknownKey},
			"both spellings":     {`{"` + strings.ToUpper(key) + `":"x",` + c.good[1:], ledger.ErrUnknownKey},
			"an unknown key":     {`{"color":"red",` + c.good[1:], ledger.ErrUnknownKey},
			"a missing key":      {"{" + rest[strings.Index(rest, ",")+1:], ledger.ErrMissingKey},
			"bytes after it":     {c.good + "{}", ledger.ErrMalformed},
			"null":               {"null", ledger.ErrMalformed},
			"a null inside":      {`{"` + key + `":null` + rest[strings.Index(rest, ","):], ledger.ErrMalformed},
			"a list":             {"[" + c.good + "]", ledger.ErrMalformed},
			"nothing":            {"", ledger.ErrMalformed},
			"half of it":         {c.good[:len(c.good)/2], ledger.ErrMalformed},
			"text that is bytes": {strings.Replace(c.good, `":"`, "\":\"\xff", 1), ledger.ErrText},
		} {
			t.Run(c.function+" "+name, func(*testing.T) { w.Refused(bad.want, c.by, c.function, bad.doc) })
		}
	}
}
