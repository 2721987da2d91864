// Package enrollment makes a machine known to the market: its TPM's keys, the registrar's record of them, the trust
// bundle that everything else is checked under, and each custodian's own activation.
//
// Does not buy and does not open anything. What the registrar answers is compared with what this TPM holds; the bundle is
// trusted because the configuration pins its id, or else because the registrar was reached under its own CA.
//
// Read [Applicant.Register] first. A run that was killed goes on where it stopped: the salt is stored before anybody
// hears it, so the same machine gets the same id.
//
// Errors: ErrNone (run `machine enroll`), ErrOtherTPM (the state folder is another machine's), ErrRecord and
// ErrBundlePin (the registrar's answer is not for this machine: don't go on), and the registrar's own codes.
package enrollment
