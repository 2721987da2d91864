package audit

import (
	"bytes"
	"crypto/sha256"
	"encoding/asn1"
	"fmt"
	"math/big"
	"slices"
	"time"

	"github.com/hyperledger/fabric-protos-go-apiv2/common"
	"github.com/hyperledger/fabric-protos-go-apiv2/msp"
)

// headerBytes is what orderers sign and what the next block's previous hash is over (Fabric:
// protoutil.BlockHeaderBytes).
func headerBytes(h *common.BlockHeader) ([]byte, error) {
	raw, err := asn1.Marshal(struct {
		Number       *big.Int
		PreviousHash []byte
		DataHash     []byte
	}{new(big.Int).SetUint64(h.GetNumber()), h.GetPreviousHash(), h.GetDataHash()})
	if err != nil {
		return nil, fmt.Errorf("encode header: %w", err)
	}
	return raw, nil
}

// checkLinks checks number, previous hash and data hash.
func checkLinks(b *common.Block, number uint64, previous []byte) error {
	h := b.GetHeader()
	data := sha256.Sum256(bytes.Join(b.GetData().GetData(), nil))
	switch {
	case h.GetNumber() != number:
		return inBlock(CheckNumber, number, "calls itself %d", h.GetNumber())
	case !bytes.Equal(h.GetPreviousHash(), previous):
		return inBlock(CheckPrevious, number, "follows %x, the block before is %x", h.GetPreviousHash(), previous)
	case !bytes.Equal(h.GetDataHash(), data[:]):
		return inBlock(CheckData, number, "its transactions hash to %x, its header says %x", data, h.GetDataHash())
	}
	return nil
}

// checkOrderers demands that every signature on the block fits, and that they are a quorum of different
// orderers.
func (c *configuration) checkOrderers(b *common.Block, at time.Time) error {
	number := b.GetHeader().GetNumber()
	var meta common.Metadata
	if err := strict(b.GetMetadata().GetMetadata()[common.BlockMetadataIndex_SIGNATURES], &meta); err != nil {
		return inBlock(CheckOrderers, number, "%v", err)
	}
	header, err := headerBytes(b.GetHeader())
	if err != nil {
		return err
	}
	var signers []string
	for _, s := range meta.GetSignatures() {
		who, err := c.orderer(s, at)
		if err != nil {
			return inBlock(CheckOrderers, number, "%v", err)
		}
		name := who.msp + " " + who.cert.SerialNumber.String()
		if slices.Contains(signers, name) {
			return inBlock(CheckOrderers, number, "%s signed twice", name)
		}
		if !who.signed(s.GetSignature(), meta.GetValue(), s.GetIdentifierHeader(), s.GetSignatureHeader(), header) {
			return inBlock(CheckOrderers, number, "the signature of %s doesn't fit", name)
		}
		signers = append(signers, name)
	}
	if len(signers) < c.quorum() {
		return inBlock(CheckOrderers, number, "%d orderers signed, %d must", len(signers), c.quorum())
	}
	return nil
}

// orderer finds who made a block signature: BFT consenters by their number in the configuration, others by
// certificate.
func (c *configuration) orderer(s *common.MetadataSignature, at time.Time) (signer, error) {
	var creator []byte
	switch {
	case c.bft && len(s.GetSignatureHeader()) == 0:
		var id common.IdentifierHeader
		if err := strict(s.GetIdentifierHeader(), &id); err != nil {
			return signer{}, err
		}
		o := c.consenters[id.GetIdentifier()]
		if o == nil {
			return signer{}, fmt.Errorf("no consenter %d", id.GetIdentifier())
		}
		raw, err := marshal(&msp.SerializedIdentity{Mspid: o.GetMspId(), IdBytes: o.GetIdentity()})
		if err != nil {
			return signer{}, fmt.Errorf("encode consenter: %w", err)
		}
		creator = raw
	case len(s.GetIdentifierHeader()) == 0:
		var h common.SignatureHeader
		if err := strict(s.GetSignatureHeader(), &h); err != nil {
			return signer{}, err
		}
		creator = h.GetCreator()
	default:
		return signer{}, fmt.Errorf("a signature with two headers")
	}
	who, err := c.identify(creator, at)
	if err == nil && !slices.Contains(who.ous, "orderer") {
		err = fmt.Errorf("%s signed without being an orderer", who.msp)
	}
	return who, err
}
