package node

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"
)

// Client talks to a supervisor over its control socket. A selector is a process name, a class, "@" and a
// partner, or "all".
type Client struct {
	socket string
	http   *http.Client
}

// Dial makes a client. It sends nothing yet.
func Dial(socket string) *Client {
	transport := &http.Transport{
		DisableKeepAlives: true,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn,
			error,
		) {
			return dialSocket(ctx, socket)
		},
	}
	return &Client{socket: socket, http: &http.Client{Transport: transport}}
}

// Add hands over processes and does not wait for them. All are accepted or none.
func (c *Client) Add(ctx context.Context, specs ...Spec) error {
	return c.post(ctx, "add", request{Specs: specs})
}

// Await returns when all selected processes are ready.
func (c *Client) Await(ctx context.Context, selectors ...string) error {
	return c.post(ctx, "await", request{Selectors: selectors})
}

// Start starts stopped processes and does not wait until they are ready.
func (c *Client) Start(ctx context.Context, selectors ...string) error {
	return c.post(ctx, "start", request{Selectors: selectors})
}

// Stop ends processes and returns when they are gone; they stay down.
func (c *Client) Stop(ctx context.Context, selectors ...string) error {
	return c.post(ctx, "stop", request{Selectors: selectors})
}

// Restart stops and starts processes.
func (c *Client) Restart(ctx context.Context, selectors ...string) error {
	return errors.Join(c.Stop(ctx, selectors...), c.Start(ctx, selectors...))
}

// Kill sends SIGKILL as an accident would and returns when the processes are gone; the supervisor starts them
// again.
func (c *Client) Kill(ctx context.Context, selectors ...string) error {
	return c.post(ctx, "kill", request{Selectors: selectors})
}

// Remove stops and forgets processes.
func (c *Client) Remove(ctx context.Context, selectors ...string) error {
	return c.post(ctx, "remove", request{Selectors: selectors})
}

// Down stops everything and ends the supervisor. It returns when no process is left and the supervisor
// answers no more.
func (c *Client) Down(ctx context.Context) error {
	if err := c.post(ctx, "down", request{}); err != nil {
		return err
	}
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		if _, err := c.PID(ctx); errors.Is(err, ErrDown) {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("down: %w", ctx.Err())
		case <-tick.C:
		}
	}
}

// Hold ties the network to the caller: when ctx ends or the caller's process ends before Release, everything
// stops. It returns after Release.
func (c *Client) Hold(ctx context.Context) error { return c.post(ctx, "hold", request{}) }

// Release lets the network run on without the caller.
func (c *Client) Release(ctx context.Context) error { return c.post(ctx, "release", request{}) }

// List returns the status of all processes, oldest first.
func (c *Client) List(ctx context.Context) ([]Status, error) {
	var list []Status
	err := c.get(ctx, "list", &list)
	return list, err
}

// PID is the supervisor's own process id.
func (c *Client) PID(ctx context.Context) (int, error) {
	var pid int
	err := c.get(ctx, "pid", &pid)
	return pid, err
}

func (c *Client) get(ctx context.Context, what string, into any) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://supervisor/"+what, nil)
	if err != nil {
		return fmt.Errorf("ask supervisor: %w", err)
	}
	return c.do(req, what, into)
}

func (c *Client) post(ctx context.Context, what string, body request) error {
	raw, err := json.Marshal(body)
	if err != nil {
		return fmt.Errorf("ask supervisor: %w", err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://supervisor/"+what, bytes.NewReader(raw))
	if err != nil {
		return fmt.Errorf("ask supervisor: %w", err)
	}
	return c.do(req, what, &reply{})
}

func (c *Client) do(req *http.Request, what string, into any) error {
	resp, err := c.http.Do(req)
	if err != nil {
		if req.Context().Err() != nil {
			return fmt.Errorf("%s: %w", what, req.Context().Err())
		}
		return fmt.Errorf("%s: %w at %s: %w", what, ErrDown, c.socket, err)
	}
	defer func() { _ = resp.Body.Close() }()
	raw, err := io.ReadAll(io.LimitReader(resp.Body, 1<<22))
	if err != nil {
		return fmt.Errorf("%s: %w: %w", what, ErrDown, err)
	}
	if resp.StatusCode == http.StatusOK {
		return json.Unmarshal(raw, into)
	}
	var r reply
	if err := json.Unmarshal(raw, &r); err != nil {
		return fmt.Errorf("%s: %s: %w", what, resp.Status, err)
	}
	if sentinel, ok := kinds()[r.Kind]; ok {
		return &remoteError{text: what + ": " + r.Message, kind: sentinel}
	}
	return fmt.Errorf("%s: %s", what, r.Message)
}

// remoteError is one of this package's errors as the supervisor told it: its text says already what the
// sentinel says.
type remoteError struct {
	text string
	kind error
}

func (e *remoteError) Error() string { return e.text }

func (e *remoteError) Unwrap() error { return e.kind }
