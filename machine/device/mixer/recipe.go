package mixer

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"time"
	"unicode/utf8"

	"github.com/guildmark/guildmark/chaincode/ledger"
)

// Bounds of the plain format beverage/1 (fixtures/beverage/README.md).
const (
	format      = "beverage/1"
	maxLine     = 4096
	maxSteps    = 100_000
	minVolume   = 1_000
	maxVolume   = 1_000_000
	maxPart     = 500_000
	maxSleep    = 60_000
	maxTitle    = 80
	maxDescribe = 400
)

// ErrRecipe refuses a plain text that is no recipe. It names a line, never what stands in it.
var ErrRecipe = ledger.Refuse(ledger.Invalid, "mixer.recipe", "the data is not a recipe in the format beverage/1")

var ingredientID = regexp.MustCompile(`^[a-z][a-z0-9-]{0,39}$`)

// timings are the format's numbers.
var timings = [4]Timing{Machine, Parallel, Together, Sequential}

// Reader reads a recipe from a stream, a line at a time. It holds one line and forgets it with the next.
type Reader struct {
	in     *bufio.Reader
	header header
	line   int
	poured int64
	buffer []byte
}

type header struct {
	Format      string   `json:"format"`
	Title       string   `json:"title"`
	Description *string  `json:"description"`
	Ingredients []string `json:"ingredients"`
	Steps       int      `json:"steps"`
	Volume      int64    `json:"volume"`
}

type stepLine struct {
	Step       int             `json:"step"`
	Components []componentLine `json:"components"`
	Timing     *int            `json:"timing"`
	Sleep      *int64          `json:"sleep"`
}

type componentLine struct {
	Ingredient string `json:"ingredient"`
	Amount     int64  `json:"ul"`
}

// Open reads and checks the header.
func Open(in io.Reader) (*Reader, error) {
	r := &Reader{in: bufio.NewReaderSize(in, maxLine+1)}
	line, err := r.next()
	if err != nil {
		return nil, err
	}
	if err := ledger.Decode(line, &r.header); err != nil {
		return nil, r.refuse("not one JSON object of its keys")
	}
	if why := r.header.fault(); why != "" {
		return nil, r.refuse(why)
	}
	return r, nil
}

func (h header) fault() string {
	switch {
	case h.Format != format:
		return "format"
	case !h.described():
		return "title or description"
	case h.Steps < 1 || h.Steps > maxSteps:
		return "number of steps"
	case h.Volume < minVolume || h.Volume > maxVolume:
		return "volume"
	case len(h.Ingredients) < 1 || len(h.Ingredients) > MaxPumps:
		return "number of ingredients"
	}
	for i, id := range h.Ingredients {
		if !ingredientID.MatchString(id) || slices.Contains(h.Ingredients[:i], id) {
			return "ingredients"
		}
	}
	return ""
}

func (h header) described() bool {
	title := utf8.RuneCountInString(h.Title)
	return title >= 1 && title <= maxTitle && h.Description != nil && utf8.RuneCountInString(*h.Description) <= maxDescribe
}

// Title is the recipe's name, for the machine's own screen.
func (r *Reader) Title() string { return r.header.Title }

// Ingredients is what the whole recipe needs.
func (r *Reader) Ingredients() []string { return r.header.Ingredients }

// Volume is the sum of all amounts.
func (r *Reader) Volume() Microliter { return Microliter(r.header.Volume) }

// Next reads one step; io.EOF after the last, when nothing follows it and the amounts add up.
func (r *Reader) Next() (Step, error) {
	if r.line == r.header.Steps+1 {
		return Step{}, r.end()
	}
	line, err := r.next()
	if err != nil {
		return Step{}, err
	}
	var s stepLine
	if err := ledger.Decode(line, &s); err != nil {
		return Step{}, r.refuse("not one JSON object of its keys")
	}
	if why := r.fault(s); why != "" {
		return Step{}, r.refuse(why)
	}
	step := Step{Timing: timings[*s.Timing], Pause: time.Duration(*s.Sleep) * time.Millisecond}
	for _, c := range s.Components {
		step.Components = append(step.Components, Component{Ingredient: c.Ingredient, Amount: Microliter(c.Amount)})
	}
	return step, nil
}

// fault checks a step against the format and the header, and counts its volume.
func (r *Reader) fault(s stepLine) string {
	switch {
	case s.Step != r.line-1:
		return "step number"
	case s.Timing == nil || *s.Timing < 0 || *s.Timing >= len(timings):
		return "timing"
	case s.Sleep == nil || *s.Sleep < 0 || *s.Sleep > maxSleep:
		return "sleep"
	case len(s.Components) < 1 || len(s.Components) > MaxPumps:
		return "number of components"
	}
	return r.componentFault(s)
}

func (r *Reader) componentFault(s stepLine) string {
	for i, c := range s.Components {
		switch {
		case c.Amount < 1 || c.Amount > maxPart:
			return "amount"
		case !slices.Contains(r.header.Ingredients, c.Ingredient):
			return "an ingredient that the header doesn't name"
		case slices.ContainsFunc(s.Components[:i], func(o componentLine) bool { return o.Ingredient == c.Ingredient }):
			return "an ingredient twice in one step"
		}
		r.poured += c.Amount
	}
	if r.poured > r.header.Volume {
		return "more than the header's volume"
	}
	return ""
}

// end refuses what follows the last step and a sum that differs from the header's.
func (r *Reader) end() error {
	if _, err := r.in.ReadByte(); !errors.Is(err, io.EOF) {
		if err != nil {
			return fmt.Errorf("read past the last step: %w", err)
		}
		return r.refuse("bytes after the last step")
	}
	if r.poured != r.header.Volume {
		return r.refuse("less than the header's volume")
	}
	return io.EOF
}

// next reads one line without its end. The slice is good until the following call.
func (r *Reader) next() ([]byte, error) {
	clear(r.buffer)
	r.line++
	line, err := r.in.ReadSlice('\n')
	switch {
	case errors.Is(err, bufio.ErrBufferFull):
		return nil, r.refuse("too long")
	case errors.Is(err, io.EOF):
		return nil, r.refuse("missing or cut short")
	case err != nil:
		return nil, fmt.Errorf("read line %d: %w", r.line, err)
	}
	r.buffer = line
	return line[:len(line)-1], nil
}

func (r *Reader) refuse(why string) error {
	return ErrRecipe.With(fmt.Sprintf("line %d: %s", r.line, why))
}
