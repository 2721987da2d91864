package spv

import (
	"encoding/hex"
	"strconv"

	"github.com/btcsuite/btcd/chainhash/v2"

	"github.com/guildmark/guildmark/chaincode/ledger"
)

// ParseHeight reads a height in plain decimal.
func ParseHeight(text string) (Height, error) {
	n, err := strconv.ParseUint(text, 10, 32)
	if err != nil || strconv.FormatUint(n, 10) != text {
		return 0, ledger.ErrDecimal.With(text)
	}
	return Height(n), nil
}

// ParseHash reads a hash in the one spelling that keys have.
func ParseHash(text string) (chainhash.Hash, error) {
	if err := ledger.CheckID(text); err != nil {
		return chainhash.Hash{}, err
	}
	h, err := chainhash.NewHashFromStr(text)
	if err != nil {
		return chainhash.Hash{}, ledger.ErrID.With(text)
	}
	return *h, nil
}

// ParseBlock reads a block's height and hash.
func ParseBlock(height, hash string) (Block, error) {
	h, err := ParseHeight(height)
	if err != nil {
		return Block{}, err
	}
	parsed, err := ParseHash(hash)
	return Block{Height: h, Hash: parsed}, err
}

// ParseHeaders reads headers in hex, as one step takes them.
func ParseHeaders(list []string) ([][HeaderSize]byte, error) {
	if len(list) > MaxHeaders {
		return nil, ErrTooMany.Field("headers", len(list), "1 to "+strconv.Itoa(MaxHeaders))
	}
	headers := make([][HeaderSize]byte, len(list))
	for i, text := range list {
		raw, err := hex.DecodeString(text)
		if err != nil || len(raw) != HeaderSize {
			return nil, ErrHeader.With("header " + strconv.Itoa(i) + " of " + strconv.Itoa(len(list)) + ", " +
				strconv.Itoa(len(text)) + " characters, expected 160 hex digits")
		}
		headers[i] = [HeaderSize]byte(raw)
	}
	return headers, nil
}
