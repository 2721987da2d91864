package wallet

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"syscall"

	"github.com/btcsuite/btcd/address/v2"
	"github.com/btcsuite/btcd/btcutil/v2/hdkeychain"
	"github.com/btcsuite/btcd/chaincfg/v2"
	"github.com/btcsuite/btcd/txscript/v2"

	"github.com/guildmark/guildmark/chaincode/host"
	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/chaincode/spv"
)

// Refusals of the wallet.
var (
	// ErrOtherPayment means that the journal holds a payment for this order to another script or amount. It
	// stays so: ask the consortium about the order, and buy again.
	ErrOtherPayment = ledger.Refuse(ledger.Conflict, "wallet.other_payment",
		"this order has a signed payment to another script or amount")
	// ErrFunds means that the confirmed coins don't cover the payment and its fee. Send coins to `machine
	// wallet address`, wait for a block, and run the same command again.
	ErrFunds = ledger.Refuse(ledger.Limit, "wallet.funds",
		"the machine's wallet has too few confirmed coins: send some to `machine wallet address`")
	// ErrFee means that the fee would be above the cap, or its rate above the highest that this wallet pays.
	// Wait for lower fees.
	ErrFee = ledger.Refuse(ledger.Limit, "wallet.fee", "the payment's fee is higher than allowed")
	// ErrAmount means that no transaction can pay this amount: zero, dust, or more than there are bitcoin.
	// Don't pay.
	ErrAmount = ledger.Refuse(ledger.Invalid, "wallet.amount", "the amount can't be paid")
	// ErrNode means that the Bitcoin node did not answer, or not as expected. The same command sends the same
	// payment again.
	ErrNode = ledger.Refuse(ledger.Unavailable, "wallet.node",
		"the payment could not be sent; the same command tries the same payment again")
	// ErrBusy means that another process has the wallet open. End it first.
	ErrBusy = ledger.Refuse(ledger.Conflict, "wallet.busy", "another process has the wallet open")
	// ErrNetwork means that `bitcoin.network` names no network that this program knows. Mend the configuration.
	ErrNetwork = ledger.Refuse(ledger.Invalid, "wallet.network", "no Bitcoin network of that name is known")
)

// Branches of a BIP-44 account, and how many addresses ahead the wallet looks on each (BIP-44's gap limit).
const (
	receive = 0
	change  = 1
	gap     = 20
)

// seedSize in bytes: 256 bits, within what BIP-32 allows.
const seedSize = 32

// Wallet holds the keys of one machine on one network.
type Wallet struct {
	dir      string
	params   *chaincfg.Params
	branches [2]*hdkeychain.ExtendedKey // m/84'/coin'/0'/0 and /1
	lock     *os.File
	paying   sync.Mutex
}

// place is where an address stands in the wallet.
type place struct {
	branch int
	index  uint32
}

// Open opens the wallet in a folder, which it makes together with a fresh seed when there is none. Close it, or
// nobody else can open it.
func Open(dir, network string) (*Wallet, error) {
	params := spv.Params(network)
	if params == nil {
		return nil, ErrNetwork.With(network)
	}
	w := &Wallet{dir: dir, params: params}
	if err := os.MkdirAll(w.journal(), 0o700); err != nil {
		return nil, fmt.Errorf("open the wallet: %w", err)
	}
	lock, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open the wallet: %w", err)
	}
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return nil, errors.Join(ErrBusy, lock.Close())
	}
	w.lock = lock
	if err := w.derive(); err != nil {
		return nil, errors.Join(fmt.Errorf("open the wallet: %w", err), lock.Close())
	}
	return w, nil
}

// Close lets others open the wallet.
func (w *Wallet) Close() error { return w.lock.Close() }

func (w *Wallet) derive() error {
	seed, err := readSeed(filepath.Join(w.dir, "seed"))
	if err != nil {
		return err
	}
	account, err := accountOf(seed, w.params)
	if err != nil {
		return err
	}
	for branch := range w.branches {
		if w.branches[branch], err = account.Derive(uint32(branch)); err != nil {
			return err
		}
	}
	return nil
}

// accountOf derives the BIP-84 account m/84'/coin'/0'.
func accountOf(seed []byte, params *chaincfg.Params) (*hdkeychain.ExtendedKey, error) {
	key, err := hdkeychain.NewMaster(seed, params)
	if err != nil {
		return nil, err
	}
	const hard = hdkeychain.HardenedKeyStart
	for _, index := range []uint32{hard + 84, hard + params.HDCoinType, hard} {
		if key, err = key.Derive(index); err != nil {
			return nil, err
		}
	}
	return key, nil
}

// readSeed reads the seed. Where there is no file it draws one and creates the file.
func readSeed(path string) ([]byte, error) {
	seed, err := host.ReadPrivate(path)
	if errors.Is(err, fs.ErrNotExist) {
		seed = make([]byte, seedSize)
		rand.Read(seed) // never fails: crypto/rand ends the program instead
		return seed, host.Create(path, seed)
	}
	if err == nil && len(seed) != seedSize {
		err = fmt.Errorf("the seed has %d bytes, expected %d", len(seed), seedSize)
	}
	return seed, err
}

// key derives the private key at a place.
func (w *Wallet) key(p place) (*hdkeychain.ExtendedKey, error) {
	return w.branches[p.branch].Derive(p.index)
}

// script is the P2WPKH output script at a place, with its address.
func (w *Wallet) script(p place) ([]byte, string, error) {
	key, err := w.key(p)
	if err != nil {
		return nil, "", fmt.Errorf("derive an address: %w", err)
	}
	public, err := key.ECPubKey()
	if err != nil {
		return nil, "", fmt.Errorf("derive an address: %w", err)
	}
	to, err := address.NewAddressWitnessPubKeyHash(address.Hash160(public.SerializeCompressed()), w.params)
	if err != nil {
		return nil, "", fmt.Errorf("derive an address: %w", err)
	}
	script, err := txscript.PayToAddrScript(to)
	if err != nil {
		return nil, "", fmt.Errorf("derive an address: %w", err)
	}
	return script, to.EncodeAddress(), nil
}

// Address is a receiving address, m/84'/coin'/0'/0/index; the wallet looks for coins on the first 20.
func (w *Wallet) Address(index uint32) (string, error) {
	if index >= gap {
		return "", fmt.Errorf("address %d is past the gap limit of %d", index, gap)
	}
	_, text, err := w.script(place{receive, index})
	return text, err
}

// places are the wallet's scripts that can hold coins: the first receiving addresses, and one change address
// for each payment in the journal with a gap ahead, so that a wallet restored from its seed finds its change.
func (w *Wallet) places(payments int) (map[string]place, [][]byte, error) {
	places := map[string]place{}
	var scripts [][]byte
	add := func(branch, count int) error {
		for i := range uint32(count) { //nolint:gosec // G115: files in a folder, and a gap
			p := place{branch, i}
			script, _, err := w.script(p)
			if err != nil {
				return err
			}
			places[string(script)] = p
			scripts = append(scripts, script)
		}
		return nil
	}
	err := errors.Join(add(receive, gap), add(change, payments+gap))
	return places, scripts, err
}
