// Package device is the interface between a job and the device that makes the product: four calls that every
// device implements, the content that it gets, and the events that it reports.
//
// Does not know any technology: setups, orders, needs and events are JSON that only the device's own driver
// reads. Package drivers is the table that finds a driver by the profile in the dataset's manifest.
//
// Read device.go. Errors: ErrNone (the machine has no device for the profile: don't buy), ErrNeeds and
// ErrOrder (this device can't make it), and each driver's own codes.
package device
