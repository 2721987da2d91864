package dataset

import "github.com/guildmark/guildmark/chaincode/ledger"

// The key families of datasets. Of a dataset each version has its own keys.
var (
	// Manifest, its exact bytes
	ManifestFamily    = ledger.NewFamily("manifest", ledger.IsHash, ledger.IsNumber)
	PublicationFamily = ledger.NewFamily("published", ledger.IsHash, ledger.IsNumber) // Publication
	// Confirmation by custodian
	ConfirmationFamily = ledger.NewFamily("confirm", ledger.IsHash, ledger.IsNumber, ledger.IsMSP)
	FinalFamily        = ledger.NewFamily("final", ledger.IsHash, ledger.IsNumber) // Final
)

// Families lists them.
func Families() []ledger.Family {
	return []ledger.Family{ManifestFamily, PublicationFamily, ConfirmationFamily, FinalFamily}
}

// ManifestKey names the exact bytes of a version's manifest.
func ManifestKey(dataset string, version int) string {
	return ManifestFamily.Key(dataset, ledger.Number(version))
}

// PublicationKey names the publication of a version.
func PublicationKey(dataset string, version int) string {
	return PublicationFamily.Key(dataset, ledger.Number(version))
}

// ConfirmationKey names a custodian's confirmation that its half of a version opens.
func ConfirmationKey(dataset string, version int, msp string) string {
	return ConfirmationFamily.Key(dataset, ledger.Number(version), msp)
}

// FinalKey marks a version that all its custodians have confirmed.
func FinalKey(dataset string, version int) string {
	return FinalFamily.Key(dataset, ledger.Number(version))
}
