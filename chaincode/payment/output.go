package payment

import (
	"github.com/btcsuite/btcd/address/v2"
	"github.com/btcsuite/btcd/txscript/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/chaincode/spv"
)

// Output is one output of a transaction that pays a script.
type Output struct {
	Vout   uint32
	Amount ledger.Satoshi
}

// OutputsTo are the outputs of a transaction that pay a script, in order.
func OutputsTo(tx *wire.MsgTx, script []byte) []Output {
	var outs []Output
	for i, out := range tx.TxOut {
		if string(out.PkScript) == string(script) {
			outs = append(outs, Output{Vout: uint32(i), Amount: ledger.Satoshi(out.Value)})
		}
	}
	return outs
}

// ScriptOf is the output script of an address, which must belong to the network.
func ScriptOf(text, network string) ([]byte, error) {
	params := spv.Params(network)
	if params == nil {
		return nil, ErrNetwork.With(network)
	}
	to, err := address.DecodeAddress(text, params)
	if err != nil || !to.IsForNet(params) || to.EncodeAddress() != text {
		return nil, ErrAddress.With(clip(text))
	}
	script, err := txscript.PayToAddrScript(to)
	if err != nil {
		return nil, ErrAddress.With(clip(text))
	}
	return script, nil
}

// clip keeps a refusal short: no address is longer than 90 characters (BIP-173).
func clip(text string) string { return text[:min(len(text), 90)] }
