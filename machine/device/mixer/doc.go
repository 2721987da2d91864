// Package mixer drives a beverage mixer of up to eight peristaltic pumps: it schedules each step of a recipe on
// calibrated pumps, runs it on an injected clock, follows the bottles' fill levels and reports pump by pump.
//
// It refuses to start what it can't finish: an ingredient that no pump holds or a bottle with too little left. It never
// keeps a recipe: a step is forgotten when the next one is read, and its events name pumps and shares of the work, never
// an ingredient or an amount.
//
// Errors: every no is a [ledger.Refusal]; compare with the Err variables. After an abort or a refusal in the middle the
// mixer is in state error, and its levels are those of what really ran.
package mixer
