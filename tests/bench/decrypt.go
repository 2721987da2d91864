package main

import (
	"bytes"
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hpke"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/guildmark/guildmark/chaincode/rules/dataset"
	"github.com/guildmark/guildmark/chaincode/sealed"
)

// bodySize is what row 11 decrypts.
const bodySize = 16 << 20

// dataset11 is a sealed dataset with the three shares that open it.
type dataset11 struct {
	bind   sealed.Binding
	size   int
	body   []byte
	shares [3]sealed.Share // runtime, lower half, upper half
}

func sealOne(size int) (*dataset11, error) {
	plan := sealed.Plan{
		Channel: "guildmark", Licensor: dataset.Licensor{MSP: "LicensorsMSP", Party: "LicensorsMSP.0123456789abcdef"},
		Salt: strings.Repeat("5a", 32), Version: 1, Title: "Sunrise", Technology: "beverage", Profile: "beverage/1",
	}
	keys := map[string]hpke.PrivateKey{}
	recipient := func(id, role, msp string) (sealed.Recipient, error) {
		seed := make([]byte, sealed.SeedSize)
		_, _ = rand.Read(seed) // never fails (crypto/rand since Go 1.24)
		key, err := sealed.PrivateKey(seed)
		if err != nil {
			return sealed.Recipient{}, err
		}
		keys[id] = key
		return sealed.Recipient{ID: id, Role: role, MSP: msp, Key: key.PublicKey().Bytes()}, nil
	}
	for _, msp := range []string{"LicensorsMSP", "OperatorMSP"} {
		r, err := recipient(msp+".c", sealed.RoleCustodian, msp)
		if err != nil {
			return nil, err
		}
		plan.Custodians = append(plan.Custodians, r)
	}
	runtime, err := recipient("ManufacturerMSP.runtime.mixer.vtpm", sealed.RoleRuntime, "ManufacturerMSP")
	if err != nil {
		return nil, err
	}
	plan.Runtimes = []sealed.Recipient{runtime}
	var body bytes.Buffer
	s, err := sealed.Seal(&body, bytes.NewReader(make([]byte, size)), plan, rand.Reader)
	if err != nil {
		return nil, err
	}
	d := &dataset11{size: size, bind: sealed.Binding{Channel: plan.Channel, Manifest: s.Manifest}, body: body.Bytes()}
	if d.shares[0], err = d.bind.OpenRuntimeShare(s.Envelope, keys[runtime.ID], runtime.ID); err != nil {
		return nil, err
	}
	pair := s.Manifest.Custodians
	for i, msp := range pair {
		if d.shares[i+1], err = d.bind.OpenHalf(s.Envelope, keys[msp+".c"], msp+".c", msp, pair); err != nil {
			return nil, err
		}
	}
	return d, nil
}

// open streams the whole body through one package's buffer, as the runtime does.
func (d *dataset11) open(buf []byte) error {
	r, err := d.bind.OpenBody(bytes.NewReader(d.body), d.shares[0], d.shares[1], d.shares[2])
	if err != nil {
		return err
	}
	total := 0
	for err == nil {
		var n int
		n, err = r.Read(buf)
		total += n
	}
	if !errors.Is(err, io.EOF) || total != d.size {
		return fmt.Errorf("%d bytes, %w", total, err)
	}
	return nil
}

// rawDecrypt is AES-256-GCM over as many packages of the same size, nothing else.
func rawDecrypt() (func() error, error) {
	block, err := aes.NewCipher(make([]byte, 32))
	if err != nil {
		return nil, err
	}
	gcm, err := cipher.NewGCM(block)
	if err != nil {
		return nil, err
	}
	nonce := make([]byte, gcm.NonceSize())
	packed := gcm.Seal(nil, nonce, make([]byte, sealed.PackageSize), nil) //nolint:gosec // G407: a floor, nothing is secret
	all := bytes.Repeat(packed, bodySize/sealed.PackageSize)
	buf := make([]byte, 0, sealed.PackageSize)
	return func() error {
		for at := 0; at < len(all); at += len(packed) {
			if _, err := gcm.Open(buf, nonce, all[at:at+len(packed)], nil); err != nil {
				return err
			}
		}
		return nil
	}, nil
}

// speed measures MB/s of one pass over the body.
func speed(do func() error) measure {
	return func(ctx context.Context) (float64, error) {
		began := time.Now()
		err := do()
		return bodySize / 1e6 / time.Since(began).Seconds(), errors.Join(err, ctx.Err())
	}
}

// decrypt is row 11.
func decrypt(ctx context.Context, b *bench) ([]Row, error) {
	d, err := sealOne(bodySize)
	if err != nil {
		return nil, err
	}
	floor, err := rawDecrypt()
	if err != nil {
		return nil, err
	}
	buf := make([]byte, sealed.PackageSize)
	row, err := b.compare(ctx, comparison{
		id: "11", name: "streaming decrypt of 16 MiB in memory ÷ raw AES-256-GCM", unit: "MB/s", goal: ">=0.85",
		best:  true,
		pairs: b.cpuPairs(), floor: speed(floor), product: speed(func() error { return d.open(buf) }),
	})
	if err != nil {
		return nil, err
	}
	allocations, err := d.allocations(buf)
	row.Also = append(row.Also, condition("allocations a package", "<=1", allocations))
	row.judge()
	return []Row{row}, err
}

// allocations are those of one package more: what a whole body takes less what its first sixteenth takes.
func (d *dataset11) allocations(buf []byte) (float64, error) {
	small, err := sealOne(bodySize / 16)
	if err != nil {
		return 0, err
	}
	count := func(d *dataset11) float64 {
		return testing.AllocsPerRun(3, func() { err = errors.Join(err, d.open(buf)) })
	}
	n := count(d) - count(small)
	return n / float64((d.size-small.size)/sealed.PackageSize), err
}
