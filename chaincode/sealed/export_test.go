package sealed

// ContentKey lets the tests compare the derived key with a vector.
var ContentKey = contentKey
