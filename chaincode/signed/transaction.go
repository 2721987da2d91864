package signed

import "fmt"

// FromTransaction makes the file from the payload of an endorsed transaction's envelope (common.Payload), as
// a Fabric gateway's Endorse step returns it. It rearranges; it does not verify.
func FromTransaction(envelopePayload []byte) (File, error) {
	f := File{Format: FileFormat}
	var header, transaction, action, actionPayload, endorsed []byte
	steps := []struct {
		name string
		from *[]byte
		want fields
	}{
		{"payload", &envelopePayload, fields{1: &header, 2: &transaction}},
		{"header", &header, fields{1: &f.ChannelHeader, 2: &f.SignatureHeader}},
		{"transaction", &transaction, fields{1: &action}}, // one action, never more
		{"action", &action, fields{1: ignore, 2: &actionPayload}},
		{"action payload", &actionPayload, fields{1: &f.ProposalPayload, 2: &endorsed}},
	}
	for _, s := range steps {
		if err := read(*s.from, s.want); err != nil {
			return File{}, fmt.Errorf("read transaction's %s: %w", s.name, err)
		}
	}
	err := read(endorsed, fields{1: &f.Payload, 2: func(b []byte) error {
		var e Endorsement
		if err := read(b, fields{1: &e.Endorser, 2: &e.Signature}); err != nil {
			return err
		}
		f.Endorsements = append(f.Endorsements, e)
		return nil
	}}, 2)
	if err != nil {
		return File{}, fmt.Errorf("read transaction's endorsements: %w", err)
	}
	if err := f.sortEndorsements(); err != nil {
		return File{}, fmt.Errorf("read transaction's endorsers: %w", err)
	}
	return f, nil
}
