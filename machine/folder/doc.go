// Package folder is the state folder of one machine: private files that are replaced in one step, so that a
// power cut leaves the old content or the new.
//
// Does not know the meaning of the files; packages holding, purchase and enrollment do. File names lie below
// the folder: callers build them from ids that they have checked.
//
// Read folder.go. Errors: ErrLocked (another process uses the folder: end it first); fs.ErrNotExist from Read
// and Load when there is no such file.
package folder
