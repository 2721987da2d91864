package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"os"
	"path/filepath"
	"strings"

	"github.com/hyperledger/fabric-gateway/pkg/identity"
	"github.com/hyperledger/fabric-protos-go-apiv2/msp"
	"google.golang.org/protobuf/proto"

	"github.com/guildmark/guildmark/chaincode/signed"
)

// signAsClients replaces the peers' endorsements by those of two partners' client certificates: same CAs, real keys.
func (w *world) signAsClients(raw []byte) (signed.File, error) {
	var f signed.File
	if err := json.Unmarshal(raw, &f); err != nil {
		return f, err
	}
	f.Endorsements = nil
	for _, who := range []struct{ partner, name string }{{"manufacturer", "registrar"}, {"operator", "buyer1"}} {
		e, err := w.endorseAs(who.partner, who.name, f.Payload)
		if err != nil {
			return f, err
		}
		f.Endorsements = append(f.Endorsements, e)
	}
	return f, nil
}

func (w *world) endorseAs(partner, name string, payload []byte) (signed.Endorsement, error) {
	dir := w.Identity(partner, name)
	id, _ := w.Conn.Identity(partner, name)
	cert, err := os.ReadFile(filepath.Join(dir, "cert.pem"))
	if err != nil {
		return signed.Endorsement{}, err
	}
	endorser, err := proto.Marshal(&msp.SerializedIdentity{Mspid: id.MSP, IdBytes: cert})
	if err != nil {
		return signed.Endorsement{}, err
	}
	raw, err := os.ReadFile(filepath.Join(dir, "key.pem"))
	if err != nil {
		return signed.Endorsement{}, err
	}
	block, _ := pem.Decode(raw)
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return signed.Endorsement{}, err
	}
	ec, ok := key.(*ecdsa.PrivateKey)
	if !ok {
		return signed.Endorsement{}, errors.New("not an EC key")
	}
	sign, err := identity.NewPrivateKeySign(ec)
	if err != nil {
		return signed.Endorsement{}, err
	}
	digest := sha256.Sum256(append(append([]byte{}, payload...), endorser...))
	signature, err := sign(digest[:])
	return signed.Endorsement{Endorser: endorser, Signature: signature}, err
}

// forge makes two files from the machine's own license.
func forge(_ context.Context, w *world) error {
	raw, err := os.ReadFile(filepath.Join(w.machine.State(), "licenses", w.license, "license.signed.json"))
	if err != nil {
		return err
	}
	changed, err := changeUses(raw)
	if err != nil {
		return err
	}
	if w.breakAt == "refusals" { // nothing is changed, so nothing should be refused
		changed = raw
	}
	w.loot.changed = w.lootPath("changed.signed.json")
	if err := os.WriteFile(w.loot.changed, changed, 0o644); err != nil {
		return err
	}
	clients, err := w.signAsClients(raw)
	if err != nil {
		return err
	}
	w.loot.clients, err = w.keep("client-certificates", clients)
	return err
}

// changeUses turns three uses into nine inside the signed answer: one byte.
func changeUses(raw []byte) ([]byte, error) {
	var f signed.File
	if err := json.Unmarshal(raw, &f); err != nil {
		return nil, err
	}
	at := strings.Index(string(f.Payload), `"uses":3`)
	if at < 0 {
		return nil, errors.New("the license's answer doesn't say its uses")
	}
	f.Payload[at+len(`"uses":`)] = '9'
	return f.Encode(), nil
}
