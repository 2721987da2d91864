package state

import "github.com/guildmark/guildmark/chaincode/ledger"

// Function is one row of the table of what the ledger can be asked: a function of a contract, and who may
// call it. What a function demands beyond that (the owner of a dataset or machine, a custodian of a set) is
// said by its rule.
type Function struct {
	Name   string   // "contract:Function", as callers spell it
	Roles  []string // that may call it; none: every role that the ledger has
	Pinned bool     // the caller's key must stand in its recorded party (T1)
	Writes bool
	Call   Call
}

// Call is a function in the one form in which callers reach it: arguments and result are text. Made by
// [Document], [None], [One], [Two] or [Three].
type Call struct {
	Args   int // exactly so many
	Target any // the function itself
	Run    func(t *Transaction, args []string) (string, error)
}

// Document takes a function of one JSON document, which is decoded strictly. The result of a function is a
// string, returned as it is, or a document, returned as canonical JSON.
func Document[Request, Result any](f func(*Transaction, Request) (Result, error)) Call {
	return Call{Args: 1, Target: f, Run: func(t *Transaction, args []string) (string, error) {
		var r Request
		if err := ledger.Decode([]byte(args[0]), &r); err != nil {
			return "", err
		}
		return encode(f(t, r))
	}}
}

// None takes a function without arguments.
func None[Result any](f func(*Transaction) (Result, error)) Call {
	return Call{Args: 0, Target: f, Run: func(t *Transaction, _ []string) (string, error) { return encode(f(t)) }}
}

// One takes a function of one text, such as an id.
func One[Result any](f func(*Transaction, string) (Result, error)) Call {
	return Call{Args: 1, Target: f, Run: func(t *Transaction, args []string) (string, error) {
		return encode(f(t, args[0]))
	}}
}

// Two takes a function of two texts.
func Two[Result any](f func(t *Transaction, a, b string) (Result, error)) Call {
	return Call{Args: 2, Target: f, Run: func(t *Transaction, args []string) (string, error) {
		return encode(f(t, args[0], args[1]))
	}}
}

// Three takes a function of three texts.
func Three[Result any](f func(t *Transaction, a, b, c string) (Result, error)) Call {
	return Call{Args: 3, Target: f, Run: func(t *Transaction, args []string) (string, error) {
		return encode(f(t, args[0], args[1], args[2]))
	}}
}

func encode(result any, err error) (string, error) {
	if err != nil {
		return "", err
	}
	if text, ok := result.(string); ok {
		return text, nil
	}
	return string(ledger.Encode(result)), nil
}
