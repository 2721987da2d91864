package payment

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"strings"
	"testing"

	"github.com/btcsuite/btcd/address/v2"
	"github.com/btcsuite/btcd/btcutil/v2/hdkeychain"
	"github.com/btcsuite/btcd/chaincfg/v2"
	"github.com/btcsuite/btcd/txscript/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/chaincode/spv"
)

// BIP-380, test vectors.
func TestChecksumVectors(t *testing.T) {
	if got := Checksum("raw(deadbeef)"); got != "89f8spxm" {
		t.Fatalf("got %q want 89f8spxm", got)
	}
	for _, bad := range []string{
		"raw(deadbeef)", "raw(deadbeef)#", "raw(deadbeef)#89f8spxmx", "raw(deadbeef)#89f8spx",
		"raw(dedbeef)#89f8spxm", "raw(deadbeef)##9f8spxm", "raw(Ü)#00000000",
	} {
		if _, err := splitChecksum(bad); !errors.Is(err, ErrChecksum) {
			t.Errorf("%s: got %v want %v", bad, err, ErrChecksum)
		}
	}
}

// BIP-67, test vectors 2 and 4: sorted 2-of-3 scripts and their P2SH addresses.
func TestSortedMultiVectors(t *testing.T) {
	tests := []struct {
		name, script, address string
		keys                  []string
	}{
		{
			"vector 2",
			"522102632b12f4ac5b1d1b72b2a3b508c19172de44f6f46bcee50ba33f3f9291e47ed021027735a29bae7780a9755fae7a1c4374c656ac6a69ea9f3697fda61bb99a4f3e772102e2cc6bd5f45edd43bebe7cb9b675f0ce9ed3efe613b177588290ad188d11b40453ae",
			"3CKHTjBKxCARLzwABMu9yD85kvtm7WnMfH",
			[]string{
				"02632b12f4ac5b1d1b72b2a3b508c19172de44f6f46bcee50ba33f3f9291e47ed0",
				"027735a29bae7780a9755fae7a1c4374c656ac6a69ea9f3697fda61bb99a4f3e77",
				"02e2cc6bd5f45edd43bebe7cb9b675f0ce9ed3efe613b177588290ad188d11b404",
			},
		},
		{
			"vector 4",
			"5221021f2f6e1e50cb6a953935c3601284925decd3fd21bc445712576873fb8c6ebc1821022df8750480ad5b26950b25c7ba79d3e37d75f640f8e5d9bcd5b150a0f85014da2103e3818b65bcc73a7d64064106a859cc1a5a728c4345ff0b641209fba0d90de6e953ae",
			"3Q4sF6tv9wsdqu2NtARzNCpQgwifm2rAba",
			[]string{
				"022df8750480ad5b26950b25c7ba79d3e37d75f640f8e5d9bcd5b150a0f85014da",
				"03e3818b65bcc73a7d64064106a859cc1a5a728c4345ff0b641209fba0d90de6e9",
				"021f2f6e1e50cb6a953935c3601284925decd3fd21bc445712576873fb8c6ebc18",
			},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var keys [][]byte
			for _, k := range tt.keys {
				keys = append(keys, unhex(t, k))
			}
			got, err := sortedMulti(keys)
			if err != nil || hex.EncodeToString(got) != tt.script {
				t.Fatalf("got %x %v want %s", got, err, tt.script)
			}
			a, err := address.NewAddressScriptHash(got, &chaincfg.MainNetParams)
			if err != nil || a.EncodeAddress() != tt.address {
				t.Fatalf("got %v %v want %s", a, err, tt.address)
			}
		})
	}
}

// BIP-173, examples: the P2WSH address of <key> OP_CHECKSIG on both networks.
func TestCollectVector(t *testing.T) {
	witness := unhex(t, "210279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798ac")
	for network, want := range map[string]string{
		"mainnet":  "bc1qrp33g0q5c5txsp9arysrx4k6zdkfs4nce4xj0gdcccefvpysxf3qccfmv3",
		"testnet4": "tb1qrp33g0q5c5txsp9arysrx4k6zdkfs4nce4xj0gdcccefvpysxf3q0sl5k7",
	} {
		d := &Descriptor{params: spv.Params(network)}
		got, err := d.collect(0, 0, witness)
		if err != nil || got.Address != want {
			t.Fatalf("%s: got %v %v want %s", network, got.Address, err, want)
		}
		back, err := ScriptOf(got.Address, network)
		if err != nil || !bytes.Equal(back, got.Script) {
			t.Fatalf("%s: got %x %v want %x", network, back, err, got.Script)
		}
	}
}

func unhex(tb testing.TB, s string) []byte {
	tb.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		tb.Fatal(err)
	}
	return b
}

// cosigner is a test key: never a real one.
func cosigner(tb testing.TB, name string, params *chaincfg.Params) (private *hdkeychain.ExtendedKey, public string) {
	tb.Helper()
	seed := sha256.Sum256([]byte("guildmark test cosigner " + name))
	private, err := hdkeychain.NewMaster(seed[:], params)
	if err != nil {
		tb.Fatal(err)
	}
	n, err := private.Neuter()
	if err != nil {
		tb.Fatal(err)
	}
	return private, n.String()
}

func treasury(tb testing.TB, network string) (*Descriptor, [cosigners]*hdkeychain.ExtendedKey) {
	tb.Helper()
	var private [cosigners]*hdkeychain.ExtendedKey
	var public [cosigners]string
	for i, name := range []string{"A", "B", "C"} {
		private[i], public[i] = cosigner(tb, name, spv.Params(network))
	}
	public[1] = "[0a1b2c3d/48h/1h/0h/2h]" + public[1]
	d, err := New(public, network)
	if err != nil {
		tb.Fatal(err)
	}
	return d, private
}

// Two of the three private keys, derived on their own side, spend what the descriptor derived.
func TestDeriveIsSpendableByTwo(t *testing.T) {
	d, private := treasury(t, "regtest")
	for _, at := range [][2]uint32{{0, 0}, {7, 1234}, {1<<31 - 1, 1<<31 - 1}} {
		c, err := d.Derive(at[0], at[1])
		if err != nil {
			t.Fatal(err)
		}
		if err := spend(t, c, at, private[0], private[2]); err != nil {
			t.Errorf("%v by two: %v", at, err)
		}
		if err := spend(t, c, at, private[0], private[0]); err == nil {
			t.Errorf("%v by one key twice: accepted", at)
		}
		if err := spend(t, c, [2]uint32{at[0], at[1] ^ 1}, private[0], private[1]); err == nil {
			t.Errorf("%v with keys of another number: accepted", at)
		}
	}
}

func spend(t *testing.T, c Collect, at [2]uint32, signers ...*hdkeychain.ExtendedKey) error {
	t.Helper()
	tx := wire.NewMsgTx(2)
	tx.AddTxIn(wire.NewTxIn(&wire.OutPoint{Index: 1}, nil, nil))
	tx.AddTxOut(wire.NewTxOut(900, []byte{0x51}))
	fetcher := txscript.NewCannedPrevOutputFetcher(c.Script, 1000)
	hashes := txscript.NewTxSigHashes(tx, fetcher)
	type signed struct{ key, sig []byte }
	var sigs []signed
	for _, s := range signers {
		for _, index := range []uint32{0, at[0], at[1]} {
			var err error
			if s, err = s.Derive(index); err != nil {
				t.Fatal(err)
			}
		}
		key, err := s.ECPrivKey()
		if err != nil {
			t.Fatal(err)
		}
		sig, err := txscript.RawTxInWitnessSignature(tx, hashes, 0, 1000, c.Witness, txscript.SigHashAll, key)
		if err != nil {
			t.Fatal(err)
		}
		sigs = append(sigs, signed{key.PubKey().SerializeCompressed(), sig})
	}
	if bytes.Compare(sigs[0].key, sigs[1].key) > 0 {
		sigs[0], sigs[1] = sigs[1], sigs[0]
	}
	tx.TxIn[0].Witness = wire.TxWitness{nil, sigs[0].sig, sigs[1].sig, c.Witness}
	vm, err := txscript.NewEngine(c.Script, tx, 0, txscript.StandardVerifyFlags, nil, hashes, 1000, fetcher)
	if err != nil {
		return err
	}
	return vm.Execute()
}

func TestDeriveIsFrozen(t *testing.T) {
	d, _ := treasury(t, "regtest")
	const want = "bcrt1q7uda80evng52jp2lw4hdv9sf5wu52lurc4s9m6v34gkvpre4cxhsxzl90g"
	c, err := d.Derive(3, 5)
	if err != nil {
		t.Fatal(err)
	}
	if c.Address != want {
		t.Fatalf("0/3/5: got %s want %s", c.Address, want)
	}
	other, err := d.Derive(5, 3)
	if err != nil || other.Address == c.Address {
		t.Fatalf("0/5/3: got %s %v, the same as 0/3/5", other.Address, err)
	}
	for _, at := range [][2]uint32{{1 << 31, 0}, {0, 1 << 31}} {
		if _, err := d.Derive(at[0], at[1]); !errors.Is(err, ErrIndex) {
			t.Errorf("%v: got %v want %v", at, err, ErrIndex)
		}
	}
}

func TestForShardIsPlainBIP380(t *testing.T) {
	d, _ := treasury(t, "regtest")
	text, err := d.ForShard(9)
	if err != nil {
		t.Fatal(err)
	}
	body, err := splitChecksum(text)
	if err != nil || strings.Count(body, "/0/9/*") != cosigners || strings.Contains(body, "*/*") {
		t.Fatalf("got %s %v", text, err)
	}
	if _, err := d.ForShard(1 << 31); !errors.Is(err, ErrIndex) {
		t.Fatalf("got %v want %v", err, ErrIndex)
	}
}

func TestParse(t *testing.T) {
	a, A := cosigner(t, "A", &chaincfg.RegressionNetParams)
	_, B := cosigner(t, "B", &chaincfg.RegressionNetParams)
	_, C := cosigner(t, "C", &chaincfg.RegressionNetParams)
	_, mainnet := cosigner(t, "C", &chaincfg.MainNetParams)
	text := func(keys ...string) string {
		return "wsh(sortedmulti(2," + strings.Join(keys, ",") + "))"
	}
	const r = "/0/*/*"
	tests := []struct {
		name, text string
		wantErr    error
	}{
		{"good", text(A+r, B+r, C+r), nil},
		{"with origins", text("[00000000]"+A+r, "[deadbeef/48h/1h/0h/2h]"+B+r, C+r), nil},
		{"two keys", text(A+r, B+r), ErrDescriptor},
		{"four keys", text(A+r, B+r, C+r, C+r), ErrDescriptor},
		{"3 of 3", strings.Replace(text(A+r, B+r, C+r), "(2,", "(3,", 1), ErrDescriptor},
		{"multi", strings.Replace(text(A+r, B+r, C+r), "sortedmulti", "multi", 1), ErrDescriptor},
		{"sh", strings.Replace(text(A+r, B+r, C+r), "wsh", "sh", 1), ErrDescriptor},
		{"the same key twice", text(A+r, B+r, "[deadbeef]"+A+r), ErrTwice},
		{"one wildcard", text(A+"/0/*", B+r, C+r), ErrDescriptor},
		{"another branch", text(A+"/1/*/*", B+r, C+r), ErrDescriptor},
		{"hardened", text(A+"/0/*/*h", B+r, C+r), ErrDescriptor},
		{"upper-case fingerprint", text("[DEADBEEF]"+A+r, B+r, C+r), ErrDescriptor},
		{"path with a sign", text("[deadbeef/+1]"+A+r, B+r, C+r), ErrDescriptor},
		{"path with a leading zero", text("[deadbeef/01]"+A+r, B+r, C+r), ErrDescriptor},
		{"path above 2^31", text("[deadbeef/2147483648h]"+A+r, B+r, C+r), ErrDescriptor},
		{"a private key", text(a.String()+r, B+r, C+r), ErrPrivate},
		{"a mainnet key on regtest", text(A+r, B+r, mainnet+r), ErrKey},
		{"a spoiled key", text(A[:len(A)-1]+"1"+r, B+r, C+r), ErrKey},
		{"space", text(A+r, " "+B+r, C+r), ErrKey},
		{"empty", "", ErrDescriptor},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d, err := Parse(WithChecksum(tt.text), "regtest")
			if !errors.Is(err, tt.wantErr) {
				t.Fatalf("got %v want %v", err, tt.wantErr)
			}
			if err == nil && d.String() != WithChecksum(tt.text) {
				t.Fatalf("got %s want %s", d, WithChecksum(tt.text))
			}
		})
	}
	good := text(A+r, B+r, C+r)
	if _, err := Parse(good, "regtest"); !errors.Is(err, ErrChecksum) {
		t.Errorf("without checksum: got %v want %v", err, ErrChecksum)
	}
	if _, err := Parse(WithChecksum(good), "nonet"); !errors.Is(err, ErrNetwork) {
		t.Errorf("no such network: got %v want %v", err, ErrNetwork)
	}
	if _, err := Parse(WithChecksum(good), "mainnet"); !errors.Is(err, ErrKey) {
		t.Errorf("regtest keys on mainnet: got %v want %v", err, ErrKey)
	}
}

func TestURI(t *testing.T) {
	const to = "bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080"
	tests := []struct {
		name    string
		amount  ledger.Satoshi
		label   string
		want    string
		wantErr error
	}{
		{"small", 1, "", "bitcoin:" + to + "?amount=0.00000001", nil},
		{"label", 100_000, "order 17 & more", "bitcoin:" + to +
			"?amount=0.00100000&label=order%2017%20%26%20more", nil},
		{"above a coin", 123_456_789_012, "", "bitcoin:" + to + "?amount=1234.56789012", nil},
		{"all there is", ledger.MaxSatoshi, "", "bitcoin:" + to + "?amount=21000000.00000000", nil},
		{"zero", 0, "", "", ErrAmount},
		{"negative", -5, "", "", ErrAmount},
		{"more than there is", ledger.MaxSatoshi + 1, "", "", ErrAmount},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := URI(to, tt.amount, tt.label)
			if got != tt.want || !errors.Is(err, tt.wantErr) {
				t.Fatalf("got %q %v want %q %v", got, err, tt.want, tt.wantErr)
			}
		})
	}
}

func TestScriptOfRefuses(t *testing.T) {
	for name, text := range map[string]string{
		"mainnet":    "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4",
		"checksum":   "bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt081",
		"public key": "0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798",
		"upper case": "BCRT1QW508D6QEJXTDG4Y5R3ZARVARY0C5XW7KYGT080",
		"empty":      "",
	} {
		if _, err := ScriptOf(text, "regtest"); !errors.Is(err, ErrAddress) {
			t.Errorf("%s: got %v want %v", name, err, ErrAddress)
		}
	}
}

func TestCredits(t *testing.T) {
	d, _ := treasury(t, "regtest")
	c, err := d.Derive(1, 2)
	if err != nil {
		t.Fatal(err)
	}
	tx := wire.NewMsgTx(2)
	tx.AddTxOut(wire.NewTxOut(5, []byte{0x51}))
	tx.AddTxOut(wire.NewTxOut(2000, c.Script))
	tx.AddTxOut(wire.NewTxOut(7, append(bytes.Clone(c.Script), 0x51)))
	tx.AddTxOut(wire.NewTxOut(3000, c.Script))
	got := OutputsTo(tx, c.Script)
	want := []Output{{1, 2000}, {3, 3000}}
	if len(got) != 2 || got[0] != want[0] || got[1] != want[1] {
		t.Fatalf("got %v want %v", got, want)
	}
	if got := OutputsTo(tx, []byte{0x52}); got != nil {
		t.Fatalf("got %v want none", got)
	}
}

func FuzzParse(f *testing.F) {
	d, _ := treasury(f, "regtest")
	f.Add(d.String())
	f.Add("wsh(sortedmulti(2,,,))#")
	f.Fuzz(func(t *testing.T, text string) {
		if body, _, ok := strings.Cut(text, "#"); ok && Checksum(body) != "" {
			text = WithChecksum(body) // get past the checksum
		}
		d, err := Parse(text, "regtest")
		if err != nil {
			return
		}
		if d.String() != text {
			t.Fatalf("got %s want %s", d, text)
		}
		if _, err := d.Derive(1, 1); err != nil {
			t.Fatal(err)
		}
	})
}

func BenchmarkDerive(b *testing.B) {
	d, _ := treasury(b, "regtest")
	b.ReportAllocs()
	for b.Loop() {
		if _, err := d.Derive(3, 5); err != nil {
			b.Fatal(err)
		}
	}
}
