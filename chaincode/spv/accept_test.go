package spv

import (
	"encoding/json"
	"errors"
	"testing"
	"time"
)

func unix(t uint32) time.Time { return time.Unix(int64(t), 0) }

func TestAcceptRefuses(t *testing.T) {
	_, mi := chain(t, "testnet4", 0)
	for range 47 {
		mi.next(600)
	}
	parent := mi.at
	good := mi.next(600)
	tests := []struct {
		name    string
		spoil   func(h *[HeaderSize]byte, r *Rules, txTime *int64)
		wantErr error
	}{
		{"good", func(*[HeaderSize]byte, *Rules, *int64) {}, nil},
		{"another parent", func(h *[HeaderSize]byte, _ *Rules, _ *int64) { h[4] ^= 1 }, ErrParent},
		{"wrong bits", func(h *[HeaderSize]byte, _ *Rules, _ *int64) { h[72]-- }, ErrBits},
		{"no work", func(h *[HeaderSize]byte, r *Rules, _ *int64) {
			r.Limit, r.NoRetarget = 0x03000001, true
			h[72], h[73], h[74], h[75] = 1, 0, 0, 3
		}, ErrWork},
		{"ahead of the transaction", func(_ *[HeaderSize]byte, _ *Rules,
			tx *int64,
		) {
			*tx = int64(mi.at.Time) - 7201
		}, ErrTimeNew},
		{"two hours ahead", func(_ *[HeaderSize]byte, _ *Rules, tx *int64) { *tx = int64(mi.at.Time) - 7200 }, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			h, rules, txTime := good, mi.rules, int64(later)
			tt.spoil(&h, &rules, &txTime)
			if _, err := Accept(&parent, &h, &rules, txTime); !errors.Is(err, tt.wantErr) {
				t.Fatalf("got %v want %v", err, tt.wantErr)
			}
		})
	}
}

func TestAcceptRefusesTimeAndVersion(t *testing.T) {
	_, mi := chain(t, "testnet4", 0)
	for range 47 {
		mi.next(600)
	}
	median := mi.at.MedianTime()
	tests := []struct {
		name    string
		at      uint32
		version int32
		wantErr error
	}{
		{"at the median", median, 4, ErrTimeOld},
		{"after the median but warped", mi.at.Time - 601, 4, ErrTimeWarp},
		{"as far back as BIP-94 allows", mi.at.Time - 600, 4, nil},
		{"version 3", mi.at.Time + 600, 3, ErrVersion},
		{"negative version", mi.at.Time + 600, -1, ErrVersion},
	}
	rules := mi.rules
	rules.Version2, rules.Version3, rules.Version4 = 1, 1, 1
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			h := header80(&mi.at, tt.at, tt.version, &rules)
			if _, err := Accept(&mi.at, &h, &rules, later); !errors.Is(err, tt.wantErr) {
				t.Fatalf("got %v want %v", err, tt.wantErr)
			}
		})
	}
}

func TestSubmitRefuses(t *testing.T) {
	m, mi := chain(t, "mainnet", 0)
	hs := mi.run(3)
	if _, err := Submit(m, &mi.rules, hs[1:], later); !errors.Is(err, ErrUnknownParent) {
		t.Errorf("a gap: got %v want %v", err, ErrUnknownParent)
	}
	if _, err := Submit(m, &mi.rules, nil, later); !errors.Is(err, ErrTooMany) {
		t.Errorf("no header: got %v want %v", err, ErrTooMany)
	}
	if _, err := Submit(m, &mi.rules, make([][HeaderSize]byte, MaxHeaders+1), later); !errors.Is(err, ErrTooMany) {
		t.Errorf("too many: got %v want %v", err, ErrTooMany)
	}
	if _, err := Submit(newMemory(), &mi.rules, hs, later); !errors.Is(err, ErrNotStarted) {
		t.Errorf("no start: got %v want %v", err, ErrNotStarted)
	}
	if err := Start(m, &mi.rules, mi.at); !errors.Is(err, ErrStarted) {
		t.Errorf("a second start: got %v want %v", err, ErrStarted)
	}
}

func TestRules(t *testing.T) {
	tests := []struct {
		name                string
		network             string
		depth, attestations int
		wantErr             error
	}{
		{"mainnet", "mainnet", 6, 0, nil},
		{"testnet4", "testnet4", 1, 0, nil},
		{"regtest with two", "regtest", 6, 2, nil},
		{"regtest with one", "regtest", 6, 1, ErrRules},
		{"signet without", "signet", 6, 0, ErrRules},
		{"no depth", "mainnet", 0, 0, ErrRules},
		{"no such network", "dogecoin", 6, 0, ErrNetwork},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r, err := RulesFor(tt.network, tt.depth, tt.attestations)
			if !errors.Is(err, tt.wantErr) {
				t.Fatalf("got %v want %v", err, tt.wantErr)
			}
			doc, err := json.Marshal(r)
			if err != nil {
				t.Fatal(err)
			}
			var back Rules
			if err := json.Unmarshal(doc, &back); err != nil || back != r {
				t.Fatalf("got %+v %v want %+v", back, err, r)
			}
		})
	}
}

func TestGenesis(t *testing.T) {
	for _, name := range []string{"mainnet", "testnet3", "testnet4", "signet", "simnet", "regtest"} {
		r, err := Genesis(name)
		if err != nil {
			t.Fatal(err)
		}
		if r.Hash != *Params(name).GenesisHash {
			t.Errorf("%s: got %v want %v", name, r.Hash, Params(name).GenesisHash)
		}
		back, err := ParseRecord(r.String())
		if err != nil || back != r {
			t.Errorf("%s: got %+v %v back", name, back, err)
		}
	}
}

func TestDecodeRecordRefuses(t *testing.T) {
	r, err := Genesis("mainnet")
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name  string
		spoil func(r *Record)
	}{
		{"no bits", func(r *Record) { r.Bits = 0 }},
		{"negative bits", func(r *Record) { r.LastBits = 0x1d80ffff }},
		{"too little work", func(r *Record) { r.Work = [32]byte{} }},
		{"another time", func(r *Record) { r.Times[0]++ }},
		{"times before the genesis block", func(r *Record) { r.Times[3] = 1 }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := r
			tt.spoil(&c)
			if _, err := DecodeRecord(c.Encode()); !errors.Is(err, ErrRecord) {
				t.Fatalf("got %v want %v", err, ErrRecord)
			}
		})
	}
	if _, err := DecodeRecord(make([]byte, 195)); !errors.Is(err, ErrRecord) {
		t.Fatalf("195 bytes: got %v want %v", err, ErrRecord)
	}
}

func header80(parent *Record, at uint32, version int32, rules *Rules) [HeaderSize]byte {
	h := wireHeader(parent, at, version, rules)
	mine(&h)
	return raw(&h)
}
