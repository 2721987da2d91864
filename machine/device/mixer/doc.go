// Package mixer drives a beverage mixer of up to eight peristaltic pumps: it schedules each step of a recipe
// on calibrated pumps, runs it on an injected clock, follows the bottles' levels and reports pump by pump.
//
// Does not keep a recipe: a step is dropped when the next one is read. Events name pumps and percentages,
// never an ingredient or an amount. A step starts only if a pump holds each ingredient and its bottle holds
// enough.
//
// Read device.go first, then mixer.go, schedule.go and pour.go in the order of a run.
//
// Errors: every rejection is a *ledger.Refusal with the code mixer.*; compare with the Err variables. After
// an abort, or a refusal in the middle of a recipe, the mixer is in state error and its levels count what
// really ran.
package mixer
