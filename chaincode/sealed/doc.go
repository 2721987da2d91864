// Package sealed is the one way to seal a dataset and to open it: shares and their commitments, the key
// envelope, the content key, the body. The command line, the custodians and the machine's runtime use it; it
// builds for WebAssembly.
//
// Does not return a byte that was not authenticated, and uses no ledger, TPM or file.
//
// Read [Seal] first, then [Binding]. Refusals, all *[ledger.Refusal]:
//   - [ErrEnvelope] the envelope is not what this package writes: ask another store, the publication is at fault
//   - [ErrRecipient] there is nobody to seal for, or a recipient's key is no key: check the signed recipients
//   - [ErrWrap] a wrap is missing or does not open under this dataset, recipient and key (T11): never retry
//   - [ErrCommitment] a share opened but is not what the licensor's manifest commits to: never confirm, never use
//   - [ErrKey] key material has the wrong form
//   - [ErrBody] the body was changed, cut, reordered or sealed under another key: what was read so far is genuine
//     and in place, the rest is not there
//   - [ErrOtherBody] the file is not the manifest's body: fetch it again
//   - [ErrEmpty] there is nothing to seal
package sealed
