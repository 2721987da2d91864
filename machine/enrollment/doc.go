// Package enrollment makes a machine known to the market: it collects the TPM's keys, the registrar's ledger
// record of them, the trust bundle that everything else is verified under, and each custodian's own
// activation.
//
// Does not buy or use licenses. The registrar's record is compared with the keys in this TPM. The trust
// bundle is accepted if the configuration pins its id; without a pin, because the registrar was reached under
// its configured CA.
//
// Read applicant.go first. An interrupted run continues where it stopped: the salt is stored before it is
// sent, so the machine keeps its id.
//
// Errors: ErrNone (run `machine enroll`), ErrOtherTPM (the state folder is another machine's), ErrRecord and
// ErrBundlePin (the registrar's answer is not for this machine: stop), and the registrar's own codes.
package enrollment
