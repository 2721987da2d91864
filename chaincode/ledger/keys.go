package ledger

import (
	"fmt"
	"strconv"
	"strings"
)

// A key on the ledger is a family and its parts, joined by slashes. Numbers have ten digits with leading zeros, so
// that a range walks them in order; an outpoint is "<txid>:<vout>". No part holds a slash: each one's form is
// checked when a key is parsed, and values that come from a caller are checked by the rules before a key is built.

// Keys of which there is exactly one.
const (
	KeyConfig = "config" // number of the Config in force
	KeyClock  = "clock"
	KeyEpoch  = "epoch"
	KeyBundle = "bundle" // number of the newest bundle
	KeyTip    = "tip"
	KeyAlarm  = "alarm"
)

// Marker is the value of a key whose existence says everything; Fabric takes an empty value for a deletion.
const Marker = "1"

// ConfigKey names a version of the governed configuration.
func ConfigKey(version int) string { return join("config", number(version)) }

// ProposalKey names a proposed configuration by the hash of its bytes.
func ProposalKey(hash string) string { return join("proposal", hash) }

// ApprovalKey marks that a partner has approved a proposal.
func ApprovalKey(hash, msp string) string { return join("approval", hash, msp) }

// PartyKey names a party.
func PartyKey(id string) string { return join("party", id) }

// RecipientKey names a public key that content keys are wrapped to.
func RecipientKey(id string) string { return join("recipient", id) }

// BundleKey names a trust bundle, from 0.
func BundleKey(sequence int64) string { return join("bundle", number(sequence)) }

// ManifestKey names the exact bytes of a dataset version's manifest.
func ManifestKey(dataset string, version int) string {
	return join("manifest", dataset, number(version))
}

// PublishedKey names the publication of a dataset version.
func PublishedKey(dataset string, version int) string {
	return join("published", dataset, number(version))
}

// FinalKey marks a dataset version that all its custodians have confirmed.
func FinalKey(dataset string, version int) string { return join("final", dataset, number(version)) }

// OfferKey names an offer.
func OfferKey(id string) string { return join("offer", id) }

// MachineKey names a machine.
func MachineKey(id string) string { return join("machine", id) }

// ShardKey names a machine's own counter of scripts.
func ShardKey(shard uint32) string { return join("shard", number(shard)) }

// OrderKey names an order.
func OrderKey(id string) string { return join("order", id) }

// ScriptKey finds the order of a script by the SHA-256 of the script.
func ScriptKey(hash string) string { return join("script", hash) }

// PayKey names a credited output.
func PayKey(txid string, vout uint32) string { return join("pay", outpoint(txid, vout)) }

// SettledKey marks that an order's license and accruals are booked.
func SettledKey(order string) string { return join("settled", order) }

// LicenseKey names a license.
func LicenseKey(id string) string { return join("license", id) }

// HeldKey lists a license under its machine.
func HeldKey(machine, license string) string { return join("held", machine, license) }

// GrantingKey names a machine's newest grant.
func GrantingKey(machine string) string { return join("granting", machine) }

// ConfirmKey names a custodian's word that its half of a version opens.
func ConfirmKey(dataset string, version int, msp string) string {
	return join("confirm", dataset, number(version), msp)
}

// CreditKey lists a payment under its order.
func CreditKey(order, txid string, vout uint32) string {
	return join("credit", order, outpoint(txid, vout))
}

// GrantKey names the n-th grant of a license, from 1.
func GrantKey(license string, n int) string { return join("grant", license, number(n)) }

// AnswerKey names a custodian's answer to a grant.
func AnswerKey(license string, n int, msp string) string {
	return join("answer", license, number(n), msp)
}

// ReceiptKey names the receipt that attests a count.
func ReceiptKey(license string, count int64) string { return join("receipt", license, number(count)) }

// AccrualKey names what one settlement owes a payee in one role. One payee can hold two roles of one item.
func AccrualKey(payee string, epoch int64, order string, item int, role string) string {
	return join("acc", payee, number(epoch), order, number(item), role)
}

// HeaderKey names a block's record by its hash, as Bitcoin's RPC writes it.
func HeaderKey(hash string) string { return join("h", hash) }

// ActiveKey names the block of the active chain at a height.
func ActiveKey(height uint32) string { return join("n", number(height)) }

// DepthKey names the final block at a height: the only chain key that payments read, beside its header and the alarm.
func DepthKey(height uint32) string { return join("f", number(height)) }

// AttestKey names the block that a partner's own node has at a height (T22).
func AttestKey(height uint32, msp string) string { return join("attest", number(height), msp) }

// Range gives the bounds, start inclusive and end exclusive, of all keys under a family and its leading parts.
func Range(family string, parts ...string) (start, end string) {
	prefix := join(append([]string{family}, parts...)...)
	return prefix + "/", prefix + "0" // '0' follows '/' in ASCII
}

// Number writes a number as keys carry it, for [Range].
func Number[T integer](n T) string { return number(n) }

// Key is a parsed key.
type Key struct {
	Family string
	Parts  []string
}

// String builds the key again.
func (k Key) String() string { return join(append([]string{k.Family}, k.Parts...)...) }

// ErrKey refuses text that is no key of the ledger.
var ErrKey = Refuse(Invalid, "key.malformed", "the text is not a key of the ledger")

// ParseKey takes a key apart and refuses everything that no builder writes.
func ParseKey(key string) (Key, error) {
	parts := strings.Split(key, "/")
	for _, shape := range shapes[parts[0]] {
		if len(shape) != len(parts)-1 {
			continue
		}
		for i, fits := range shape {
			if !fits(parts[i+1]) {
				return Key{}, ErrKey.With(key)
			}
		}
		return Key{Family: parts[0], Parts: parts[1:]}, nil
	}
	return Key{}, ErrKey.With(key)
}

type form func(string) bool

// shapes says for each family which parts its keys have.
var shapes = map[string][][]form{
	"config": {{}, {isNumber}}, "clock": {{}}, "epoch": {{}}, "tip": {{}}, "alarm": {{}},
	"proposal": {{isHash}}, "approval": {{isHash, isMSP}},
	"party": {{IsParty}}, "recipient": {{IsName}}, "bundle": {{}, {isNumber}},
	"manifest": {{isHash, isNumber}}, "published": {{isHash, isNumber}}, "final": {{isHash, isNumber}},
	"confirm": {{isHash, isNumber, isMSP}}, "offer": {{isHash}}, "machine": {{isHash}}, "shard": {{isNumber}},
	"order": {{isHash}}, "script": {{isHash}}, "pay": {{isOutpoint}}, "credit": {{isHash, isOutpoint}},
	"settled": {{isHash}}, "license": {{isHash}}, "held": {{isHash, isHash}}, "granting": {{isHash}},
	"grant": {{isHash, isNumber}}, "answer": {{isHash, isNumber, isMSP}}, "receipt": {{isHash, isNumber}},
	"acc": {{IsParty, isNumber, isHash, isNumber, isRole}},
	"h":   {{isHash}}, "n": {{isNumber}}, "f": {{isNumber}}, "attest": {{isNumber, isMSP}},
}

// ParseOutpoint takes "<txid>:<vout>" apart.
func ParseOutpoint(s string) (txid string, vout uint32, err error) {
	txid, text, _ := strings.Cut(s, ":")
	n, parseErr := strconv.ParseUint(text, 10, 32)
	if parseErr != nil || CheckID(txid) != nil || strconv.FormatUint(n, 10) != text {
		return "", 0, ErrKey.With(s)
	}
	return txid, uint32(n), nil
}

// Outpoint writes a Bitcoin output's name.
func Outpoint(txid string, vout uint32) string { return outpoint(txid, vout) }

// IsParty reports whether s is a party id: "<home MSP>.<16 lower-case hex>".
func IsParty(s string) bool {
	msp, rest, ok := strings.Cut(s, ".")
	return ok && isMSP(msp) && len(rest) == 16 && every(rest, isHexDigit)
}

// IsMSP reports whether s can be an MSP id: 1 to 64 letters and digits.
func IsMSP(s string) bool { return isMSP(s) }

// IsName reports whether s can be a recipient's id: 1 to 128 letters, digits, dots, hyphens and underscores.
func IsName(s string) bool {
	return len(s) > 0 && len(s) <= 128 && every(s, func(c byte) bool {
		return isAlphanumeric(c) || c == '.' || c == '-' || c == '_'
	})
}

func isMSP(s string) bool  { return len(s) > 0 && len(s) <= 64 && every(s, isAlphanumeric) }
func isRole(s string) bool { return len(s) > 0 && len(s) <= 32 && every(s, isLower) }
func isHash(s string) bool { return len(s) == 64 && every(s, isHexDigit) }

// isNumber takes ten digits with leading zeros, or more without.
func isNumber(s string) bool {
	return len(s) >= digits && len(s) <= 19 && every(s, isDigit) && (len(s) == digits || s[0] != '0')
}

func isOutpoint(s string) bool {
	_, _, err := ParseOutpoint(s)
	return err == nil
}

func isLower(c byte) bool    { return c >= 'a' && c <= 'z' }
func isDigit(c byte) bool    { return c >= '0' && c <= '9' }
func isHexDigit(c byte) bool { return isDigit(c) || c >= 'a' && c <= 'f' }
func isAlphanumeric(c byte) bool {
	return isLower(c) || isDigit(c) || c >= 'A' && c <= 'Z'
}

func every(s string, is func(byte) bool) bool {
	for i := range len(s) {
		if !is(s[i]) {
			return false
		}
	}
	return true
}

const digits = 10

type integer interface {
	~int | ~int64 | ~uint32
}

func number[T integer](n T) string { return fmt.Sprintf("%0*d", digits, n) }
func outpoint(txid string, vout uint32) string {
	return txid + ":" + strconv.FormatUint(uint64(vout), 10)
}
func join(parts ...string) string { return strings.Join(parts, "/") }
