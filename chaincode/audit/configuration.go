package audit

import (
	"crypto/ecdsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"time"

	"github.com/hyperledger/fabric-protos-go-apiv2/common"
	"github.com/hyperledger/fabric-protos-go-apiv2/msp"
	"github.com/hyperledger/fabric-protos-go-apiv2/orderer"
	"google.golang.org/protobuf/proto"
)

// configuration is what a channel's configuration says of who may sign.
type configuration struct {
	sequence   uint64
	bft        bool
	consenters map[uint32]*common.Consenter
	msps       map[string]*membership // of applications and orderers
	business   []string               // MSPs of the application group
}

// membership is one MSP's roots.
type membership struct {
	roots   []*x509.Certificate
	revoked []*big.Int
}

// readConfiguration reads a configuration transaction's envelope.
func readConfiguration(payload *common.Payload) (*configuration, error) {
	var e common.ConfigEnvelope
	if err := proto.Unmarshal(payload.GetData(), &e); err != nil {
		return nil, fmt.Errorf("read configuration: %w", err)
	}
	groups := e.GetConfig().GetChannelGroup().GetGroups()
	c := &configuration{
		sequence: e.GetConfig().GetSequence(), msps: map[string]*membership{},
		consenters: map[uint32]*common.Consenter{},
	}
	for _, name := range []string{"Application", "Orderer"} {
		for _, org := range groups[name].GetGroups() {
			id, err := c.addMSP(org)
			if err != nil {
				return nil, err
			}
			if name == "Application" {
				c.business = append(c.business, id)
			}
		}
	}
	slices.Sort(c.business)
	return c, c.readOrderers(groups["Orderer"])
}

func (c *configuration) addMSP(org *common.ConfigGroup) (string, error) {
	var outer msp.MSPConfig
	var inner msp.FabricMSPConfig
	if err := errors.Join(proto.Unmarshal(org.GetValues()["MSP"].GetValue(), &outer),
		proto.Unmarshal(outer.GetConfig(), &inner)); err != nil {
		return "", fmt.Errorf("read MSP: %w", err)
	}
	m := &membership{}
	for _, text := range inner.GetRootCerts() {
		cert, err := certificate(text)
		if err != nil {
			return "", fmt.Errorf("root of %s: %w", inner.GetName(), err)
		}
		m.roots = append(m.roots, cert)
	}
	for _, raw := range inner.GetRevocationList() {
		if block, _ := pem.Decode(raw); block != nil {
			raw = block.Bytes
		}
		list, err := x509.ParseRevocationList(raw)
		if err != nil {
			return "", fmt.Errorf("revocation list of %s: %w", inner.GetName(), err)
		}
		for _, e := range list.RevokedCertificateEntries {
			m.revoked = append(m.revoked, e.SerialNumber)
		}
	}
	c.msps[inner.GetName()] = m
	return inner.GetName(), nil
}

func (c *configuration) readOrderers(group *common.ConfigGroup) error {
	var kind orderer.ConsensusType
	var list common.Orderers
	if err := errors.Join(proto.Unmarshal(group.GetValues()["ConsensusType"].GetValue(), &kind),
		proto.Unmarshal(group.GetValues()["Orderers"].GetValue(), &list)); err != nil {
		return fmt.Errorf("read orderers: %w", err)
	}
	c.bft = kind.GetType() == "BFT"
	for _, o := range list.GetConsenterMapping() {
		c.consenters[o.GetId()] = o
	}
	if c.bft && len(c.consenters) < 4 {
		return fmt.Errorf("read orderers: BFT needs at least 4 consenters, got %d", len(c.consenters))
	}
	return nil
}

// quorum is how many orderers must sign a block's header: of n = 3f+1 BFT consenters ceil((n+f+1)/2); with
// Raft any one.
func (c *configuration) quorum() int {
	if !c.bft {
		return 1
	}
	n := len(c.consenters)
	f := (n - 1) / 3
	return (n + f + 2) / 2
}

func certificate(text []byte) (*x509.Certificate, error) {
	block, rest := pem.Decode(text)
	if block == nil || len(rest) != 0 {
		return nil, errors.New("not one PEM certificate")
	}
	cert, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("parse certificate: %w", err)
	}
	return cert, nil
}

// signer is an identity that was found under its MSP's roots.
type signer struct {
	msp  string
	ous  []string
	cert *x509.Certificate
}

// identify reads a SerializedIdentity and checks its certificate under the channel's configuration at a time.
func (c *configuration) identify(serialized []byte, at time.Time) (signer, error) {
	var id msp.SerializedIdentity
	if err := strict(serialized, &id); err != nil {
		return signer{}, err
	}
	cert, err := certificate(id.GetIdBytes())
	if err != nil {
		return signer{}, err
	}
	s := signer{msp: id.GetMspid(), ous: cert.Subject.OrganizationalUnit, cert: cert}
	m := c.msps[s.msp]
	switch {
	case m == nil:
		return s, fmt.Errorf("no MSP %q in the channel", s.msp)
	case cert.IsCA:
		return s, errors.New("expected a member's certificate, got one of a CA")
	case at.Before(cert.NotBefore) || at.After(cert.NotAfter):
		return s, fmt.Errorf("certificate not valid at %s", at.UTC().Format(time.RFC3339))
	case slices.ContainsFunc(m.revoked, func(n *big.Int) bool { return n.Cmp(cert.SerialNumber) == 0 }):
		return s, errors.New("certificate revoked")
	}
	for _, root := range m.roots {
		if cert.CheckSignatureFrom(root) == nil {
			return s, nil
		}
	}
	return s, fmt.Errorf("certificate not signed by a root of %s", s.msp)
}

// signed reports whether the signer signed SHA-256 of the parts.
func (s signer) signed(signature []byte, parts ...[]byte) bool {
	key, ok := s.cert.PublicKey.(*ecdsa.PublicKey)
	if !ok {
		return false
	}
	h := sha256.New()
	for _, p := range parts {
		h.Write(p)
	}
	return ecdsa.VerifyASN1(key, h.Sum(nil), signature)
}
