// Package runtime is one job of a machine in a process of its own: it alone sees shares, content key and plaintext. It
// verifies the signed license again, burns one use in the TPM, opens the sealed body a package at a time into the device,
// and ends with the process, whose memory was locked and can't be dumped.
//
// It refuses to run where its memory could leave it (swap, core dump, a network interface) and to say anything but
// events: no share, key or byte of the plaintext goes to its output, its errors or a file. What stays open: who is root
// in the same running system can read its memory (chaincode/docs/threat-model.md).
//
// Read [Run] first: it is the list of steps. The order makes every check that can refuse come before the use is burnt;
// after the burn a fault loses that use and never gains one.
//
// Errors: each is a [ledger.Refusal] with the code of the check that refused (signed.*, license.*, sealed.*, mixer.*,
// runtime.*, and tpm.* with the TPM's response code).
package runtime
