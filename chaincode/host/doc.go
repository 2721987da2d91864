// Package host is what every process of the project does with its computer: files that survive a crash, files
// that only their owner reads, one strict configuration, TLS roots, one HTTP server, one logger, one text for
// --version.
//
// Does not know the product: rules, contracts and everything that must compute the same on all endorsers may
// not import it. Does not read the environment and keeps no state between calls.
//
// Read file.go first: [Replace] and [Create] are the only ways in which a process puts a file in place.
//
// Errors that callers act on:
//
//   - [ErrExposed]: a secret's file can be read by others. Run the chmod that the error names, and replace the secret
//     if somebody may have read it.
//   - fs.ErrExist from [Create]: the file is there already and was left as it is. Read it.
//   - [*ConfigError]: the configuration has to change. The error names the file, the key and what is expected.
package host
