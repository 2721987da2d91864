package licensor

import (
	"encoding/json"
	"fmt"
	"slices"
)

// beverage checks what the schema of a recipe can't say: steps in order and as many as announced, ingredients of the
// header, once a step, and the volume (fixtures/beverage/README.md).
type beverage struct {
	head struct {
		Ingredients []string `json:"ingredients"`
		Steps       int      `json:"steps"`
		Volume      int      `json:"volume"`
	}
	steps, volume int
}

func (b *beverage) header(line []byte) error { return json.Unmarshal(line, &b.head) }

func (b *beverage) line(line []byte) error {
	var s struct {
		Step       int `json:"step"`
		Components []struct {
			Ingredient string `json:"ingredient"`
			UL         int    `json:"ul"`
		} `json:"components"`
	}
	if err := json.Unmarshal(line, &s); err != nil {
		return err
	}
	b.steps++
	if s.Step != b.steps {
		return fmt.Errorf("step %d instead of %d", s.Step, b.steps)
	}
	var seen []string
	for _, c := range s.Components {
		switch {
		case !slices.Contains(b.head.Ingredients, c.Ingredient):
			return fmt.Errorf("ingredient %s is not in the header", c.Ingredient)
		case slices.Contains(seen, c.Ingredient):
			return fmt.Errorf("ingredient %s twice in a step", c.Ingredient)
		}
		seen = append(seen, c.Ingredient)
		b.volume += c.UL
	}
	return nil
}

func (b *beverage) end() error {
	if b.steps != b.head.Steps {
		return ErrProfile.With(fmt.Sprintf("%d steps, the header says %d", b.steps, b.head.Steps))
	}
	if b.volume != b.head.Volume {
		return ErrProfile.With(fmt.Sprintf("%d microliters, the header says %d", b.volume, b.head.Volume))
	}
	return nil
}
