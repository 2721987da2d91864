package mixer

import (
	"errors"
	"reflect"
	"testing"
	"time"

	"github.com/guildmark/guildmark/chaincode/profile/beverage"
)

// bench is a pump with a two-point table: 1 ml/s at a quarter of the drive, 10 ml/s at full drive.
func bench(number int, ingredient string, level beverage.Microliter) Pump {
	return Pump{
		Number: number, Ingredient: ingredient, Level: level,
		Calibration: []Point{{250, 1_000}, {1000, 10_000}},
	}
}

func TestSchedule(t *testing.T) {
	pumps := []Pump{
		bench(1, "orange", 700_000), bench(2, "rum", 700_000), bench(3, "lime", 700_000),
		bench(4, "rum", 30_000),
	}
	step := func(timing beverage.Timing, parts ...beverage.Component) beverage.Step {
		return beverage.Step{Components: parts, Timing: timing}
	}
	orange, rum, lime := beverage.Component{Ingredient: "orange", Amount: 100_000},
		beverage.Component{Ingredient: "rum", Amount: 50_000}, beverage.Component{Ingredient: "lime", Amount: 5_000}
	const s = time.Second
	tests := []struct {
		name    string
		step    beverage.Step
		atOnce  int
		want    []Job
		wantErr error
	}{
		{
			name: "parallel: all start at once and run at full drive", step: step(beverage.Parallel, orange, rum),
			want: []Job{
				{Pump: 1, Drive: 1000, Amount: 100_000, Length: 10 * s},
				{Pump: 2, Drive: 1000, Amount: 50_000, Length: 5 * s},
			},
		},
		{
			name: "together: the faster one is slowed to end with the slower",
			step: step(beverage.Together, orange, rum), want: []Job{
				{Pump: 1, Drive: 1000, Amount: 100_000, Length: 10 * s},
				{Pump: 2, Drive: 583, Amount: 50_000, Length: 10 * s},
			},
		},
		{
			name: "together: a pump that can't go so slowly starts later",
			step: step(beverage.Together, orange, lime), want: []Job{
				{Pump: 1, Drive: 1000, Amount: 100_000, Length: 10 * s},
				{Pump: 3, Drive: 250, Amount: 5_000, Start: 5 * s, Length: 5 * s},
			},
		},
		{name: "sequential: in the recipe's order", step: step(beverage.Sequential, lime, orange), want: []Job{
			{Pump: 3, Drive: 1000, Amount: 5_000, Length: s / 2},
			{Pump: 1, Drive: 1000, Amount: 100_000, Start: s / 2, Length: 10 * s},
		}},
		{
			name: "machine: largest first, two at once", step: step(beverage.Machine, lime, rum, orange),
			atOnce: 2, want: []Job{
				{Pump: 1, Drive: 1000, Amount: 100_000, Length: 10 * s},
				{Pump: 2, Drive: 1000, Amount: 50_000, Length: 5 * s},
				{Pump: 3, Drive: 1000, Amount: 5_000, Start: 5 * s, Length: s / 2},
			},
		},
		{
			name: "the emptiest bottle that suffices is finished first",
			step: step(beverage.Parallel, beverage.Component{Ingredient: "rum", Amount: 20_000}), want: []Job{
				{Pump: 4, Drive: 1000, Amount: 20_000, Length: 2 * s},
			},
		},
		{name: "unknown ingredient", step: step(beverage.Parallel,
			beverage.Component{Ingredient: "gin", Amount: 1}), wantErr: ErrIngredient},
		{name: "bottle too empty", step: step(beverage.Parallel,
			beverage.Component{Ingredient: "lime", Amount: 700_001}), wantErr: ErrLevel},
		{name: "same ingredient twice", step: step(beverage.Parallel, rum, rum), wantErr: ErrStep},
		{
			name: "zero amount", step: step(beverage.Parallel, beverage.Component{Ingredient: "rum", Amount: 0}),
			wantErr: ErrStep,
		},
		{name: "negative pause", step: beverage.Step{
			Components: []beverage.Component{rum},
			Timing:     beverage.Parallel, Pause: -1,
		}, wantErr: ErrStep},
		{name: "unknown timing", step: step(9, rum), wantErr: ErrStep},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := Schedule(tt.step, pumps, tt.atOnce)
			if !errors.Is(err, tt.wantErr) {
				t.Fatalf("got error %v, want %v", err, tt.wantErr)
			}
			if tt.wantErr == nil && !reflect.DeepEqual(got, tt.want) {
				t.Errorf("got  %+v\nwant %+v", got, tt.want)
			}
		})
	}
}

func TestDrive(t *testing.T) {
	p := Pump{Calibration: []Point{{100, 500}, {500, 4_500}, {1000, 7_000}}}
	tests := []struct {
		name  string
		flow  Flow
		drive Drive
	}{
		{"under the table", 1, 100},
		{"first point", 500, 100},
		{"between", 2_500, 300},
		{"middle point", 4_500, 500},
		{"second piece", 5_750, 750},
		{"over the table", 9_000, 1000},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := p.drive(tt.flow); got != tt.drive {
				t.Errorf("drive(%d) = %d, want %d", tt.flow, got, tt.drive)
			}
		})
	}
}

func TestPumpCheck(t *testing.T) {
	table := []Point{{100, 500}}
	tests := []struct {
		name    string
		pumps   []Pump
		wantErr error
	}{
		{"good", []Pump{{Number: 8, Calibration: table}}, nil},
		{"no pumps", nil, ErrSetup},
		{"pump nine", []Pump{{Number: 9, Calibration: table}}, ErrSetup},
		{"one pump twice", []Pump{{Number: 1, Calibration: table}, {Number: 1, Calibration: table}}, ErrSetup},
		{"negative level", []Pump{{Number: 1, Level: -1, Calibration: table}}, ErrSetup},
		{"not calibrated", []Pump{{Number: 1}}, ErrCalibration},
		{"flow falls", []Pump{{Number: 1, Calibration: []Point{{100, 500}, {200, 400}}}}, ErrCalibration},
		{"eleven points", []Pump{{Number: 1, Calibration: make([]Point, 11)}}, ErrCalibration},
		{"over full drive", []Pump{{Number: 1, Calibration: []Point{{1001, 500}}}}, ErrCalibration},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := New(tt.pumps, Config{}); !errors.Is(err, tt.wantErr) {
				t.Errorf("got %v, want %v", err, tt.wantErr)
			}
		})
	}
}
