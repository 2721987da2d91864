package runtime

import (
	"context"
	"encoding/json"
	"errors"
	"io"

	"github.com/guildmark/guildmark/chaincode/sealed"
)

// Header implements [device.Content]: the manifest's needs, of which there are none yet.
func (p *production) Header() json.RawMessage { return nil }

// errChunk is for a driver that asks for a chunk a second time, or for one that isn't there.
var errChunk = errors.New("the sealed body is one chunk, which opens once")

// Open implements [device.Content]: it opens the body, and the shares are gone from memory when it returns.
func (p *production) Open(_ context.Context, chunk int) (io.Reader, error) {
	if chunk != 0 || p.opened {
		return nil, errChunk
	}
	p.opened = true
	defer p.wipe()
	plain, err := p.binding.OpenBody(p.body, p.runtime, p.lower, p.upper)
	if err != nil {
		return nil, err
	}
	return &opening{Reader: plain, tell: func(n int) { p.say(Event{Kind: Package, Package: n}) }}, nil
}

// opening reports each package of the body when its first byte is read.
type opening struct {
	io.Reader

	read int64
	told int
	tell func(number int)
}

// Read implements io.Reader.
func (o *opening) Read(p []byte) (int, error) {
	n, err := o.Reader.Read(p)
	o.read += int64(n)
	for o.read > int64(o.told)*sealed.PackageSize {
		o.told++
		o.tell(o.told)
	}
	return n, err
}
