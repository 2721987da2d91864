// Package device is the seam between a job and the machine that makes it: the four calls that every kind of device
// answers, what they get, and the events that they report.
//
// Does not know any technology: setups, orders, needs and events are JSON that only the device's own driver reads. Package
// drivers is the table that finds a driver by the profile in the dataset's manifest.
//
// Read device.go. Errors: ErrNone (the machine has no device for the profile: don't buy), ErrNeeds and ErrOrder (this
// machine can't make that), and each driver's own codes.
package device
