package command

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/pflag"

	"github.com/guildmark/guildmark/chaincode/ledger"
)

// Exit codes, the same in all programs.
const (
	ExitDone   = 0
	ExitFailed = 1 // refused or failed
	ExitUsage  = 2 // the command line can't be used
)

// The codes of errors that carry no refusal of their own.
var (
	// ErrUsage means that the command line can't be used; Saw says why. See the help of the command.
	ErrUsage = ledger.Refuse(ledger.Invalid, "command.usage", "the command line can't be used")
	// ErrFailed means that a step failed that has no code of its own; the message says which. Read it.
	ErrFailed = ledger.Refuse(ledger.Unavailable, "command.failed", "the command failed")
	// ErrInterrupted means that a signal ended the command before it was done. Repeat it: it goes on.
	ErrInterrupted = ledger.Refuse(ledger.Unavailable, "command.interrupted",
		"the command was interrupted before it was done")
)

// usageError says why the command line can't be used, and where to read how it can.
type usageError struct {
	path  string // the command as typed, "guildmark seal"; empty until the frame knows it
	cause string
}

// Usage is the error for a command line that can't be used: the program ends with [ExitUsage].
func Usage(format string, args ...any) error {
	return &usageError{cause: fmt.Sprintf(format, args...)}
}

func (e *usageError) Error() string { return e.cause }

func (e *usageError) Is(target error) bool { return errors.Is(ErrUsage, target) }

func neededFlags(names []string) string {
	if len(names) == 1 {
		return names[0] + " is needed"
	}
	return names[0] + " is needed (also " + strings.Join(names[1:], ", ") + ")"
}

// flagError words what the parser of flags found.
func flagError(path string, err error) error {
	var value *pflag.InvalidValueError
	if !errors.As(err, &value) {
		return &usageError{path: path, cause: err.Error()}
	}
	cause := value.Unwrap()
	reason := cause.Error()
	if _, ok := errors.AsType[*strconv.NumError](cause); ok {
		reason = "a whole number is expected"
	}
	return &usageError{path: path, cause: "--" + value.GetFlag().Name + " " + value.GetValue() + ": " + reason}
}

// failure is a failed step with the command that it failed in.
type failure struct {
	path string
	err  error
}

func (f *failure) Error() string { return f.err.Error() }
func (f *failure) Unwrap() error { return f.err }

// located says in which command an error came up.
func located(path string, err error) error {
	var usage *usageError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &usage):
		if usage.path == "" {
			return &usageError{path: path, cause: err.Error()}
		}
		return usage
	}
	return &failure{path: path, err: err}
}

func join(first, second error) error {
	if first == nil {
		return second
	}
	return first // the result could not be written either: the first error is the one that tells why
}

// problem is an error as JSON: the fields of a problem document (RFC 9457) that a program acts on.
type problem struct {
	Code    string      `json:"code"`
	Kind    ledger.Kind `json:"kind"`
	Message string      `json:"message"`
	Saw     string      `json:"saw"`
}

// conclude writes an error and gives the exit code.
func (p *program) conclude(ctx context.Context, err error) int {
	if err == nil {
		return ExitDone
	}
	path := p.root.Name
	var usage *usageError
	var failed *failure
	var refusal *ledger.Refusal
	switch {
	case errors.As(err, &usage):
		see := fmt.Sprintf("see `%s --help`", usage.path)
		p.complain(&ledger.Refusal{Kind: ErrUsage.Kind, Code: ErrUsage.Code, Message: ErrUsage.Message + ": " +
			see, Saw: usage.cause},
			fmt.Sprintf("%s: %s\n%s", usage.path, usage.cause, see))
		return ExitUsage
	case errors.As(err, &failed):
		path = failed.path
	}
	switch {
	case ctx.Err() != nil:
		p.complain(ErrInterrupted.With(err.Error()), fmt.Sprintf("%s: interrupted: %v", path, err))
	case errors.As(err, &refusal):
		p.complain(refusal, p.refused(refusal))
	default:
		p.complain(&ledger.Refusal{Kind: ErrFailed.Kind, Code: ErrFailed.Code, Message: err.Error()},
			fmt.Sprintf("%s: %v", path, err))
	}
	if p.root.Exit != nil {
		return p.root.Exit(err)
	}
	return ExitFailed
}

// refused is a refusal in three lines: the check that rejected, its sentence, the value it saw.
func (p *program) refused(r *ledger.Refusal) string {
	const red, plain = "\x1b[31m", "\x1b[0m"
	word := "refused"
	if p.console.Color {
		word = red + word + plain
	}
	text := word + "  " + r.Code + "\n         " + r.Message
	if r.Saw != "" {
		text += "\n         saw: " + r.Saw
	}
	return text
}

// complain writes an error in the form that was asked for.
func (p *program) complain(r *ledger.Refusal, words string) {
	if p.format == jsonFormat {
		words = encode(problem{Code: r.Code, Kind: r.Kind, Message: r.Message, Saw: r.Saw})
	}
	_, _ = fmt.Fprintln(p.console.Err, words) // where nobody listens there is nobody to tell
}
