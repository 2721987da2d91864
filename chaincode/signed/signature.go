package signed

import "errors"

var errSignatureForm = errors.New("not a strict DER signature with low S")

// checkSignatureForm demands 30 L 02 l r 02 l s with minimal positive integers, no tail, and s at most half
// the order of P-256: one of the two forms that a signature has otherwise. Fabric's peers write no other.
func checkSignatureForm(der []byte) error {
	if len(der) < 8 || der[0] != 0x30 || int(der[1]) != len(der)-2 || der[1] > 0x7f {
		return errSignatureForm
	}
	r, rest, ok := derInteger(der[2:])
	if !ok || len(r) == 0 {
		return errSignatureForm
	}
	s, rest, ok := derInteger(rest)
	if !ok || len(rest) != 0 || !lowS(s) {
		return errSignatureForm
	}
	return nil
}

// derInteger splits one minimal positive INTEGER of at most 32 significant bytes off b.
func derInteger(b []byte) (value, rest []byte, ok bool) {
	if len(b) < 3 || b[0] != 0x02 || b[1] == 0 || int(b[1]) > 33 || len(b) < 2+int(b[1]) {
		return nil, nil, false
	}
	value, rest = b[2:2+int(b[1])], b[2+int(b[1]):]
	switch {
	case value[0] >= 0x80: // negative
		return nil, nil, false
	case value[0] == 0 && (len(value) == 1 || value[1] < 0x80): // zero, or not minimal
		return nil, nil, false
	case value[0] == 0:
		value = value[1:]
	}
	return value, rest, len(value) <= 32
}

// halfOrder is half the order of P-256 (FIPS 186-5; SEC 2, secp256r1), big-endian.
const halfOrder = "\x7f\xff\xff\xff\x80\x00\x00\x00\x7f\xff\xff\xff\xff\xff\xff\xff\xde\x73\x7d\x56\xd3\x8b\xcf\x42\x79\xdc\xe5\x61\x7e\x31\x92\xa8"

func lowS(s []byte) bool { return len(s) < len(halfOrder) || string(s) <= halfOrder }
