package payment

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/btcsuite/btcd/address/v2"
	"github.com/btcsuite/btcd/btcutil/v2/hdkeychain"
	"github.com/btcsuite/btcd/chaincfg/v2"
	"github.com/btcsuite/btcd/txscript/v2"

	"github.com/guildmark/guildmark/chaincode/spv"
)

// The treasury is a 2-of-3 script of the partners from day one (chaincode/docs/design.md, Money).
const (
	threshold = 2
	cosigners = 3
)

// collectBranch is the first step below each key: branch 0 receives orders' payments.
const collectBranch = 0

// template of the one descriptor form that the ledger takes.
const (
	opening = "wsh(sortedmulti(2,"
	closing = "))"
	ranges  = "/0/*/*"
)

// Descriptor is the treasury's public descriptor: BIP-380 text
//
//	wsh(sortedmulti(2,[fingerprint/path]XPUB/0/*/*,XPUB/0/*/*,XPUB/0/*/*))#checksum
//
// with one extension: two wildcards, first the shard, then the number (T21). [Descriptor.ForShard] is the
// plain BIP-380 descriptor of one shard, which any wallet imports.
type Descriptor struct {
	body     string
	keys     [cosigners]string // as written, with origin
	branches [cosigners]*hdkeychain.ExtendedKey
	params   *chaincfg.Params
}

// Collect is where one order is paid.
type Collect struct {
	Shard, Number uint32
	Script        []byte // P2WSH output script
	Witness       []byte // the 2-of-3 script that it hashes
	Address       string
}

// Parse reads a descriptor for a network ("regtest", "mainnet", ..., see spv.Params).
func Parse(text, network string) (*Descriptor, error) {
	params := spv.Params(network)
	if params == nil {
		return nil, ErrNetwork.With(network)
	}
	body, err := splitChecksum(text)
	if err != nil {
		return nil, err
	}
	inner, opened := strings.CutPrefix(body, opening)
	inner, closed := strings.CutSuffix(inner, closing)
	keys := strings.Split(inner, ",")
	switch {
	case !opened || !closed:
		return nil, ErrDescriptor
	case len(keys) != cosigners:
		return nil, ErrDescriptor.Field("keys", len(keys), strconv.Itoa(cosigners))
	}
	d := &Descriptor{body: body, params: params}
	seen := map[string]bool{}
	for i, key := range keys {
		branch, name, err := parseKey(key, params)
		if err != nil {
			return nil, err
		}
		if seen[name] {
			return nil, ErrTwice.With(name)
		}
		seen[name] = true
		d.keys[i], d.branches[i] = strings.TrimSuffix(key, ranges), branch
	}
	return d, nil
}

// New composes a descriptor from three extended public keys, each with an optional [origin] in front.
func New(keys [cosigners]string, network string) (*Descriptor, error) {
	body := opening + strings.Join(keys[:], ranges+",") + ranges + closing
	return Parse(WithChecksum(body), network)
}

// parseKey reads "[origin]xpub/0/*/*" and returns the key of branch 0 and the key's canonical text.
func parseKey(text string, params *chaincfg.Params) (*hdkeychain.ExtendedKey, string, error) {
	text, ranged := strings.CutSuffix(text, ranges)
	if !ranged {
		return nil, "", ErrDescriptor.With("the end of a key, expected " + ranges)
	}
	if origin, rest, ok := strings.Cut(text, "]"); ok {
		if !strings.HasPrefix(origin, "[") || !validOrigin(origin[1:]) {
			return nil, "", ErrDescriptor.With("the origin of a key, expected [fingerprint/path]")
		}
		text = rest
	}
	key, err := hdkeychain.NewKeyFromString(text)
	switch {
	case err != nil:
		return nil, "", ErrKey
	case key.IsPrivate():
		return nil, "", ErrPrivate
	case !key.IsForNet(params), key.String() != text:
		return nil, "", ErrKey.With(text)
	}
	public, err := key.ECPubKey()
	if err != nil {
		return nil, "", ErrKey.With(text)
	}
	branch, err := key.Derive(collectBranch)
	if err != nil {
		return nil, "", ErrKey.With(text)
	}
	// Two texts of one public key (other depth or parent) are still one cosigner.
	return branch, hex.EncodeToString(public.SerializeCompressed()) + hex.EncodeToString(key.ChainCode()), nil
}

// validOrigin checks "fingerprint(/number[h])*" in its canonical spelling.
func validOrigin(origin string) bool {
	steps := strings.Split(origin, "/")
	fingerprint, err := hex.DecodeString(steps[0])
	if err != nil || len(fingerprint) != 4 || strings.ToLower(steps[0]) != steps[0] {
		return false
	}
	for _, step := range steps[1:] {
		number := strings.TrimSuffix(step, "h")
		n, err := strconv.ParseUint(number, 10, 31)
		if err != nil || strconv.FormatUint(n, 10) != number {
			return false
		}
	}
	return true
}

// String is the descriptor's text with its checksum.
func (d *Descriptor) String() string { return WithChecksum(d.body) }

// ForShard is the plain BIP-380 descriptor of one shard's numbers, which a wallet imports to watch them:
// scripts of retired descriptors are watched for ever (T21).
func (d *Descriptor) ForShard(shard uint32) (string, error) {
	if shard >= hdkeychain.HardenedKeyStart {
		return "", ErrIndex.With("shard " + strconv.FormatUint(uint64(shard), 10))
	}
	ranged := "/0/" + strconv.FormatUint(uint64(shard), 10) + "/*"
	return WithChecksum(opening + strings.Join(d.keys[:], ranged+",") + ranged + closing), nil
}

// CollectOf is where an order with this shard and number is paid: the output script in hex, and its address.
// Chaincode writes it into the order; whoever pays derives it again from the treasury's public descriptor
// (T21).
func CollectOf(descriptor, network string, shard, number uint32) (script, address string, err error) {
	d, err := Parse(descriptor, network)
	if err != nil {
		return "", "", err
	}
	c, err := d.Derive(shard, number)
	if err != nil {
		return "", "", err
	}
	return hex.EncodeToString(c.Script), c.Address, nil
}

// Derive gives the script and address at 0/<shard>/<number>: a 2-of-3 of the derived keys in BIP-67 order.
func (d *Descriptor) Derive(shard, number uint32) (Collect, error) {
	if shard >= hdkeychain.HardenedKeyStart || number >= hdkeychain.HardenedKeyStart {
		return Collect{}, ErrIndex.With(fmt.Sprintf("shard %d, number %d", shard, number))
	}
	keys := make([][]byte, 0, cosigners)
	for _, branch := range d.branches {
		key, err := publicAt(branch, shard, number)
		if err != nil {
			return Collect{}, err
		}
		keys = append(keys, key)
	}
	witness, err := sortedMulti(keys)
	if err != nil {
		return Collect{}, err
	}
	return d.collect(shard, number, witness)
}

func publicAt(branch *hdkeychain.ExtendedKey, shard, number uint32) ([]byte, error) {
	for _, index := range []uint32{shard, number} {
		var err error
		if branch, err = branch.Derive(index); err != nil { // one in 2^127: BIP-32 says take the next
			return nil, ErrIndex.With(strconv.FormatUint(uint64(index), 10) + ", which has no key")
		}
	}
	key, err := branch.ECPubKey()
	if err != nil {
		return nil, ErrKey
	}
	return key.SerializeCompressed(), nil
}

// sortedMulti is OP_2 <keys in BIP-67 order> OP_3 OP_CHECKMULTISIG.
func sortedMulti(keys [][]byte) ([]byte, error) {
	slices.SortFunc(keys, bytes.Compare)
	b := txscript.NewScriptBuilder().AddInt64(threshold)
	for _, key := range keys {
		b.AddData(key)
	}
	script, err := b.AddInt64(int64(len(keys))).AddOp(txscript.OP_CHECKMULTISIG).Script()
	if err != nil {
		return nil, ErrKey
	}
	return script, nil
}

func (d *Descriptor) collect(shard, number uint32, witness []byte) (Collect, error) {
	hash := sha256.Sum256(witness)
	to, err := address.NewAddressWitnessScriptHash(hash[:], d.params)
	if err != nil {
		return Collect{}, ErrAddress
	}
	script, err := txscript.PayToAddrScript(to)
	if err != nil {
		return Collect{}, ErrAddress
	}
	return Collect{Shard: shard, Number: number, Script: script, Witness: witness, Address: to.EncodeAddress()}, nil
}
