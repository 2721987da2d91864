// Package party holds who may say what (T1, T2): roles, their homes, parties and the keys they pin.
//
// It refuses to look at anything but a caller's certificate facts and the recorded party.
package party
