package beverage

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/guildmark/guildmark/chaincode/ledger"
)

// Bounds of the format (fixtures/beverage/README.md).
const (
	maxLine     = 4096
	maxSteps    = 100_000
	minVolume   = 1_000
	maxVolume   = 1_000_000
	maxPart     = 500_000
	maxSleep    = 60_000
	maxTitle    = 80
	maxDescribe = 400
)

var ingredientID = regexp.MustCompile(`^[a-z][a-z0-9-]{0,39}$`)

// Reader reads a recipe from a stream, a line at a time. It holds one line and overwrites it with the next.
type Reader struct {
	in     *bufio.Reader
	header header
	line   int
	poured Microliter
	buffer []byte
}

type header struct {
	Format      string     `json:"format"`
	Title       string     `json:"title"`
	Description string     `json:"description"`
	Ingredients []string   `json:"ingredients"`
	Steps       int        `json:"steps"`
	Volume      Microliter `json:"volume"`
}

type stepLine struct {
	Step       int             `json:"step"`
	Components []componentLine `json:"components"`
	Timing     Timing          `json:"timing"`
	Sleep      int64           `json:"sleep"` // ms
}

type componentLine struct {
	Ingredient string     `json:"ingredient"`
	Amount     Microliter `json:"ul"`
}

// Check reads a recipe to its end.
func Check(in io.Reader) error {
	r, err := Open(in)
	for err == nil {
		_, err = r.Next()
	}
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}

// Open reads and checks the header.
func Open(in io.Reader) (*Reader, error) {
	r := &Reader{in: bufio.NewReaderSize(in, maxLine+1)}
	if err := r.decode(&r.header); err != nil {
		return nil, err
	}
	if err := r.checkHeader(); err != nil {
		return nil, err
	}
	return r, nil
}

// bound is one number of the format with its limits.
type bound struct {
	rule           string
	low, got, high int64
}

func (r *Reader) within(bounds ...bound) error {
	for _, b := range bounds {
		if b.got < b.low || b.got > b.high {
			return r.refuse(b.rule, strconv.FormatInt(b.got, 10))
		}
	}
	return nil
}

func (r *Reader) checkHeader() error {
	h := r.header
	if h.Format != Profile {
		return r.refuse("format must be "+Profile, h.Format)
	}
	err := r.within(
		bound{"title must have 1 to 80 characters", 1, int64(utf8.RuneCountInString(h.Title)), maxTitle},
		bound{
			"description must have at most 400 characters", 0, int64(utf8.RuneCountInString(h.Description)),
			maxDescribe,
		},
		bound{"steps must be 1 to 100000", 1, int64(h.Steps), maxSteps},
		bound{"volume must be 1000 to 1000000 microliters", minVolume, int64(h.Volume), maxVolume},
		bound{"there must be 1 to 8 ingredients", 1, int64(len(h.Ingredients)), MaxComponents},
	)
	if err != nil {
		return err
	}
	for i, id := range h.Ingredients {
		if !ingredientID.MatchString(id) {
			return r.refuse("an ingredient must be a letter a-z and up to 39 of a-z, 0-9 and -", id)
		}
		if slices.Contains(h.Ingredients[:i], id) {
			return r.refuse("an ingredient must stand in the header once", id)
		}
	}
	return nil
}

// Title is the recipe's name, for the machine's own screen.
func (r *Reader) Title() string { return r.header.Title }

// Ingredients is what the whole recipe needs.
func (r *Reader) Ingredients() []string { return r.header.Ingredients }

// Volume is the sum of all amounts.
func (r *Reader) Volume() Microliter { return r.header.Volume }

// Next reads one step; io.EOF after the last, when nothing follows it and the amounts add up.
func (r *Reader) Next() (Step, error) {
	if r.line == r.header.Steps+1 {
		return Step{}, r.end()
	}
	var s stepLine
	if err := r.decode(&s); err != nil {
		return Step{}, err
	}
	if err := r.checkStep(s); err != nil {
		return Step{}, err
	}
	step := Step{Timing: s.Timing, Pause: time.Duration(s.Sleep) * time.Millisecond}
	for _, c := range s.Components {
		step.Components = append(step.Components, Component(c))
	}
	return step, nil
}

// checkStep checks a step against the format and the header, and adds its volume.
func (r *Reader) checkStep(s stepLine) error {
	if s.Step != r.line-1 {
		return r.refuse("steps must be numbered 1, 2, 3, ...", strconv.Itoa(s.Step))
	}
	err := r.within(
		bound{"timing must be 0 to 3", int64(Machine), int64(s.Timing), int64(Sequential)},
		bound{"sleep must be 0 to 60000 ms", 0, s.Sleep, maxSleep},
		bound{"a step must have 1 to 8 components", 1, int64(len(s.Components)), MaxComponents},
	)
	if err != nil {
		return err
	}
	for i, c := range s.Components {
		if err := r.checkComponent(c, s.Components[:i]); err != nil {
			return err
		}
		r.poured += c.Amount
	}
	if r.poured > r.header.Volume {
		return r.refuseSum()
	}
	return nil
}

func (r *Reader) checkComponent(c componentLine, before []componentLine) error {
	if err := r.within(bound{"an amount must be 1 to 500000 microliters", 1, int64(c.Amount), maxPart}); err != nil {
		return err
	}
	if !slices.Contains(r.header.Ingredients, c.Ingredient) {
		return r.refuse("a component must be one of the header's ingredients", c.Ingredient)
	}
	if slices.ContainsFunc(before, func(o componentLine) bool { return o.Ingredient == c.Ingredient }) {
		return r.refuse("an ingredient must stand in a step once", c.Ingredient)
	}
	return nil
}

// end refuses what follows the last step and a sum that differs from the header's.
func (r *Reader) end() error {
	if _, err := r.in.ReadByte(); !errors.Is(err, io.EOF) {
		if err != nil {
			return fmt.Errorf("read past the last step: %w", err)
		}
		r.line++
		return r.refuse("the header's number of steps must be all that there are", "another line")
	}
	if r.poured != r.header.Volume {
		return r.refuseSum()
	}
	return io.EOF
}

func (r *Reader) refuseSum() error {
	return r.refuse("the amounts must add up to the header's volume", number(r.poured)+" of "+
		number(r.header.Volume)+" microliters")
}

// decode reads one line strictly: no unknown, missing or repeated key, no fraction, no null.
func (r *Reader) decode(v any) error {
	line, err := r.next()
	if err != nil {
		return err
	}
	if err := ledger.Decode(line, v); err != nil {
		return r.refuse("a line must be one JSON object with exactly the format's keys", err.Error())
	}
	return nil
}

// next reads one line without its end. The slice is good until the following call.
func (r *Reader) next() ([]byte, error) {
	clear(r.buffer)
	r.line++
	line, err := r.in.ReadSlice('\n')
	switch {
	case errors.Is(err, bufio.ErrBufferFull):
		return nil, r.refuse("a line must have at most 4096 bytes", "more")
	case errors.Is(err, io.EOF) && len(line) > 0:
		return nil, r.refuse("a line must end with a line feed", "the end of the data")
	case errors.Is(err, io.EOF):
		return nil, r.refuse("there must be a header and as many steps as it says", "the end of the data")
	case err != nil:
		return nil, fmt.Errorf("read line %d: %w", r.line, err)
	}
	r.buffer = line
	return line[:len(line)-1], nil
}

func (r *Reader) refuse(rule, saw string) error {
	return &FormatError{Line: r.line, Rule: rule, Saw: saw}
}

func number(v Microliter) string { return strconv.FormatInt(int64(v), 10) }
